/** A simulated cluster has its own time: it can wait for whoever needs the processor now. */
import { constants, setPriority } from 'node:os';

setPriority(constants.priority.PRIORITY_LOW);
