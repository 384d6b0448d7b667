/** What only computes can wait for whoever needs the processor now. */
import { constants, setPriority } from 'node:os';

setPriority(constants.priority.PRIORITY_LOW);
