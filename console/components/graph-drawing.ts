/** Draws a task graph onto a canvas: what of it is in sight, with as much detail as there is room for. */
import type { Layout } from '../data/graph-layout.ts';
import type { Tone } from '../data/state-words.ts';
import { type Box, inSight, type Size, type Viewport } from '../data/viewport.ts';

/** Units of the picture: pixels at scale 1. */
export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 38;
const COLUMN_PITCH = 276;
const ROW_PITCH = 54;

/** Below these scales text, then marks and shapes are left out. */
const TEXT_SCALE = 0.5;
const SHAPE_SCALE = 0.16;
const FONT_PX = 12;
/** Width of a sign of the fixed-width font, in ems. */
const SIGN_EMS = 0.602;

export interface NodeLook {
  readonly title: string;
  readonly mark: string;
  readonly word: string;
  readonly tone: Tone;
  /** Who has it, how far it is. */
  readonly note: string;
  readonly percent: number | null;
  readonly isCritical: boolean;
}

export interface Scene {
  readonly layout: Layout;
  readonly looks: readonly NodeLook[];
}

export type Palette = Readonly<
  Record<Tone | 'ground' | 'raised' | 'rule-strong' | 'text' | 'dim' | 'stream', string>
> & {
  readonly font: string;
};

export interface Picture extends Scene {
  readonly view: Viewport;
  readonly screen: Size;
  /** Device pixels for one of CSS. */
  readonly density: number;
  readonly selected: number | null;
  readonly palette: Palette;
}

export function boxOf({ column, row }: Layout, place: number): Box {
  const left = (column[place] ?? 0) * COLUMN_PITCH;
  const top = (row[place] ?? 0) * ROW_PITCH;
  return { left, top, right: left + NODE_WIDTH, bottom: top + NODE_HEIGHT };
}

export function boundsOf(layout: Layout): Box {
  return {
    left: 0,
    top: layout.top * ROW_PITCH,
    right: Math.max(0, layout.columns.length - 1) * COLUMN_PITCH + NODE_WIDTH,
    bottom: layout.bottom * ROW_PITCH + NODE_HEIGHT,
  };
}

/** The node at a point of the screen, or null. Only nodes of the column under it are looked at. */
export function nodeAt(
  { layout, view }: Pick<Picture, 'layout' | 'view'>,
  point: { x: number; y: number },
): number | null {
  const x = (point.x - view.x) / view.scale;
  const y = (point.y - view.y) / view.scale;
  const places = layout.columns[Math.floor(x / COLUMN_PITCH)] ?? [];
  return places.find((place) => contains(boxOf(layout, place), x, y)) ?? null;
}

function contains({ left, top, right, bottom }: Box, x: number, y: number): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

export function draw(context: CanvasRenderingContext2D, picture: Picture): void {
  const { view, screen, density, palette } = picture;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, screen.width, screen.height);
  context.setTransform(density * view.scale, 0, 0, density * view.scale, density * view.x, density * view.y);
  const seen = inSight(view, screen);
  drawEdges(context, picture, seen);
  const places = placesIn(picture.layout, seen);
  if (view.scale < SHAPE_SCALE) drawDots(context, picture, places);
  else drawNodes(context, picture, places);
}

/** The nodes in sight: columns first, in each the run of rows. */
function placesIn(layout: Layout, seen: Box): number[] {
  const found: number[] = [];
  const first = Math.max(0, Math.floor((seen.left - NODE_WIDTH) / COLUMN_PITCH));
  const last = Math.min(layout.columns.length - 1, Math.floor(seen.right / COLUMN_PITCH));
  for (let column = first; column <= last; column++) {
    for (const place of layout.columns[column] ?? []) {
      const top = (layout.row[place] ?? 0) * ROW_PITCH;
      if (top > seen.bottom) break;
      if (top + NODE_HEIGHT >= seen.top) found.push(place);
    }
  }
  return found;
}

/** All plain edges are one path and all critical ones another: two strokes, however many there are. */
function drawEdges(context: CanvasRenderingContext2D, picture: Picture, seen: Box): void {
  const { layout, looks, selected, palette, view } = picture;
  const plain = new Path2D();
  const critical = new Path2D();
  const near = new Path2D();
  const isCoarse = view.scale < TEXT_SCALE / 2;
  for (const [to, before] of layout.graph.before.entries()) {
    const end = boxOf(layout, to);
    for (const from of before) {
      const start = boxOf(layout, from);
      if (start.right > seen.right || end.left < seen.left) continue;
      if (Math.min(start.top, end.top) > seen.bottom || Math.max(start.bottom, end.bottom) < seen.top)
        continue;
      const isNear = to === selected || from === selected;
      const isOnPath = looks[to]?.isCritical && looks[from]?.isCritical;
      connect(isNear ? near : isOnPath ? critical : plain, { start, end, isCoarse });
    }
  }
  const line = 1 / view.scale;
  stroke(context, plain, { colour: palette['rule-strong'], width: Math.max(1, line) });
  stroke(context, critical, { colour: palette.text, width: Math.max(2, 1.5 * line) });
  stroke(context, near, { colour: palette.stream, width: Math.max(1.5, 1.5 * line) });
}

function connect(path: Path2D, { start, end, isCoarse }: { start: Box; end: Box; isCoarse: boolean }): void {
  const fromY = (start.top + start.bottom) / 2;
  const toY = (end.top + end.bottom) / 2;
  path.moveTo(start.right, fromY);
  if (isCoarse || fromY === toY) {
    path.lineTo(end.left, toY);
    return;
  }
  // Turns in the gap right before its end, so that long edges run along their row.
  const turn = end.left - (COLUMN_PITCH - NODE_WIDTH) / 2;
  path.lineTo(end.left - (COLUMN_PITCH - NODE_WIDTH), fromY);
  path.bezierCurveTo(turn, fromY, turn, toY, end.left, toY);
}

function stroke(
  context: CanvasRenderingContext2D,
  path: Path2D,
  { colour, width }: { colour: string; width: number },
) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

/** From far away a node is a mark in the colour of its state: one path for each colour. */
function drawDots(
  context: CanvasRenderingContext2D,
  { layout, looks, palette, selected, view }: Picture,
  places: readonly number[],
) {
  const paths = new Map<Tone, Path2D>();
  for (const place of places) {
    const tone = looks[place]?.tone ?? 'idle';
    const path = paths.get(tone) ?? new Path2D();
    paths.set(tone, path);
    const { left, top } = boxOf(layout, place);
    path.rect(left, top, NODE_WIDTH, NODE_HEIGHT);
  }
  for (const [tone, path] of paths) {
    context.fillStyle = palette[tone];
    context.fill(path);
  }
  if (selected === null) return;
  const { left, top } = boxOf(layout, selected);
  context.strokeStyle = palette.text;
  context.lineWidth = 3 / view.scale;
  context.strokeRect(left, top, NODE_WIDTH, NODE_HEIGHT);
}

function drawNodes(context: CanvasRenderingContext2D, picture: Picture, places: readonly number[]): void {
  const { selected, layout, palette, view } = picture;
  context.textBaseline = 'middle';
  if (view.scale < TEXT_SCALE) drawShapes(context, picture, places);
  else for (const place of places) drawNode(context, picture, place);
  if (selected === null) return;
  const { left, top } = boxOf(layout, selected);
  context.strokeStyle = palette.stream;
  context.lineWidth = Math.max(2, 2 / view.scale);
  context.strokeRect(left - 5, top - 5, NODE_WIDTH + 10, NODE_HEIGHT + 10);
}

/** From half-way a node is its shape and its mark: one path for all of a state, however many they are. */
function drawShapes(context: CanvasRenderingContext2D, picture: Picture, places: readonly number[]): void {
  const { layout, looks, palette } = picture;
  const byTone = Map.groupBy(places, (place) => looks[place]?.tone ?? 'idle');
  context.font = `${NODE_HEIGHT - 10}px ${palette.font}`;
  for (const [tone, those] of byTone) {
    const outlines = new Path2D();
    const stripes = new Path2D();
    for (const place of those) {
      const { left, top } = boxOf(layout, place);
      outline(outlines, { tone, left, top });
      if (looks[place]?.isCritical) stripes.rect(left, top + NODE_HEIGHT - 5, NODE_WIDTH - 10, 5);
      if (tone !== 'idle') stripes.rect(left, top, 8, NODE_HEIGHT);
    }
    context.fillStyle = tone === 'idle' ? palette.ground : palette.raised;
    context.fill(outlines);
    context.strokeStyle = palette[tone];
    context.lineWidth = 2;
    context.stroke(outlines);
    context.fillStyle = palette[tone];
    context.fill(stripes);
    for (const place of those) {
      const { left, top } = boxOf(layout, place);
      context.fillText(looks[place]?.mark ?? '', left + 18, top + NODE_HEIGHT / 2 + 1);
    }
  }
}

function drawNode(context: CanvasRenderingContext2D, picture: Picture, place: number): void {
  const { layout, looks, palette } = picture;
  const look = looks[place];
  if (!look) return;
  const { left, top } = boxOf(layout, place);
  const shape = new Path2D();
  outline(shape, { tone: look.tone, left, top });
  context.fillStyle = look.tone === 'idle' ? palette.ground : palette.raised;
  context.fill(shape);
  context.strokeStyle = palette[look.tone];
  context.lineWidth = look.isCritical ? 2.5 : 1;
  context.setLineDash(look.tone === 'idle' ? [4, 3] : look.tone === 'wait' ? [1, 2] : []);
  context.stroke(shape);
  context.setLineDash([]);
  context.fillStyle = palette[look.tone];
  if (look.tone !== 'idle') context.fillRect(left, top, look.tone === 'wait' ? 3 : 6, NODE_HEIGHT);
  if (look.percent !== null) {
    context.fillRect(left, top + NODE_HEIGHT - 3, (NODE_WIDTH * Math.min(100, look.percent)) / 100, 3);
  }
  write(context, { look, palette, left, top });
}

/** At work: it points on. Failed: its corners are cut. Everything else is a plain frame. */
function outline(path: Path2D, { tone, left, top }: { tone: Tone; left: number; top: number }): void {
  const right = left + NODE_WIDTH;
  const bottom = top + NODE_HEIGHT;
  if (tone === 'run') {
    path.moveTo(left, top);
    path.lineTo(right - 10, top);
    path.lineTo(right, (top + bottom) / 2);
    path.lineTo(right - 10, bottom);
    path.lineTo(left, bottom);
  } else if (tone === 'fail') {
    path.moveTo(left, top);
    path.lineTo(right - 10, top);
    path.lineTo(right, top + 10);
    path.lineTo(right, bottom - 10);
    path.lineTo(right - 10, bottom);
    path.lineTo(left, bottom);
  } else {
    path.rect(left, top, NODE_WIDTH, NODE_HEIGHT);
  }
  path.closePath();
}

interface Written {
  readonly look: NodeLook;
  readonly palette: Palette;
  readonly left: number;
  readonly top: number;
}

function write(context: CanvasRenderingContext2D, { look, palette, left, top }: Written): void {
  const room = Math.floor((NODE_WIDTH - 26) / (FONT_PX * SIGN_EMS));
  context.font = `${FONT_PX}px ${palette.font}`;
  context.fillStyle = palette.text;
  context.fillText(clip(look.title, room), left + 12, top + 12);
  context.fillStyle = palette[look.tone];
  context.fillText(look.mark, left + 12, top + 27);
  context.font = `600 ${FONT_PX - 2}px ${palette.font}`;
  context.fillText(look.word, left + 26, top + 27);
  const taken = Math.ceil(
    (26 + (look.word.length + 1) * (FONT_PX - 2) * SIGN_EMS) / ((FONT_PX - 2) * SIGN_EMS),
  );
  const left2 = Math.floor((NODE_WIDTH - 14) / ((FONT_PX - 2) * SIGN_EMS)) - taken;
  context.font = `${FONT_PX - 2}px ${palette.font}`;
  context.fillStyle = palette.dim;
  context.fillText(clip(look.note, left2), left + taken * (FONT_PX - 2) * SIGN_EMS, top + 27);
}

function clip(text: string, signs: number): string {
  if (signs <= 1) return '';
  return text.length > signs ? `${text.slice(0, signs - 1)}…` : text;
}
