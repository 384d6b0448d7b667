/**
 * A canvas that shows a task graph and lets it be moved: wheel and pinch zoom, drag pans, a press selects.
 *
 * V1. It paints with the screen, once however much changed, and not at all while nothing changes or it is out of sight.
 * V2. Nothing here is a signal: 200 changes of state a second cost as many paintings as the screen has frames.
 */
import { fitInto, reveal, type Size, type Viewport, zoomAt } from '../data/viewport.ts';
import { boundsOf, boxOf, draw, nodeAt, type Palette, type Scene } from './graph-drawing.ts';

export interface GraphCanvas {
  /** The graph as it is now. A graph that was empty before is shown whole. */
  show(scene: Scene): void;
  /** Marks a node; `isBrought`: and brings it into sight. */
  select(place: number | null, isBrought: boolean): void;
  zoom(factor: number): void;
  pan(x: number, y: number): void;
  fit(): void;
  stop(): void;
}

export interface GraphCanvasOptions {
  readonly canvas: HTMLCanvasElement;
  readonly onSelect: (place: number | null) => void;
  readonly onOpen: (place: number) => void;
}

const WHEEL_STEP = 0.0016;
/** A press that moves less is none to pan. */
const DRAG_PX = 4;
const FIRST_SCALE_MIN = 0.55;

export function makeGraphCanvas(options: GraphCanvasOptions): GraphCanvas {
  const stage = new Stage(options);
  stage.start();
  return stage;
}

class Stage implements GraphCanvas {
  readonly #options: GraphCanvasOptions;
  readonly #context: CanvasRenderingContext2D | null;
  readonly #stopped = new AbortController();
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #scene: Scene | null = null;
  #selected: number | null = null;
  #view: Viewport = { x: 0, y: 0, scale: 1 };
  #screen: Size = { width: 0, height: 0 };
  #palette: Palette;
  #frame = 0;
  #isFitted = false;
  #dragged = 0;

  constructor(options: GraphCanvasOptions) {
    this.#options = options;
    // Opaque: what is under it needs not be mixed in.
    this.#context = options.canvas.getContext('2d', { alpha: false });
    this.#palette = readPalette(options.canvas);
  }

  start(): void {
    const { canvas } = this.#options;
    const { signal } = this.#stopped;
    const observer = new ResizeObserver(() => this.#measure());
    observer.observe(canvas);
    const recolour = () => {
      this.#palette = readPalette(canvas);
      this.#paintSoon();
    };
    const themes = new MutationObserver(recolour);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', recolour, { signal });
    signal.addEventListener('abort', () => {
      observer.disconnect();
      themes.disconnect();
    });
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    canvas.addEventListener('pointerdown', (event) => this.#press(event), { signal });
    canvas.addEventListener('pointermove', (event) => this.#move(event), { signal });
    canvas.addEventListener('pointerup', (event) => this.#release(event), { signal });
    canvas.addEventListener('pointercancel', (event) => this.#pointers.delete(event.pointerId), { signal });
    canvas.addEventListener(
      'dblclick',
      () => this.#selected !== null && this.#options.onOpen(this.#selected),
      {
        signal,
      },
    );
    this.#measure();
  }

  show(scene: Scene): void {
    const wasEmpty = (this.#scene?.layout.graph.ids.length ?? 0) === 0;
    this.#scene = scene;
    if (wasEmpty) this.#isFitted = false;
    this.#settle();
    this.#paintSoon();
  }

  select(place: number | null, isBrought: boolean): void {
    this.#selected = place;
    if (place !== null && isBrought && this.#scene) {
      this.#view = reveal(this.#view, boxOf(this.#scene.layout, place), this.#screen);
    }
    this.#paintSoon();
  }

  zoom(factor: number): void {
    this.#zoomAt({ x: this.#screen.width / 2, y: this.#screen.height / 2 }, factor);
  }

  pan(x: number, y: number): void {
    this.#view = { ...this.#view, x: this.#view.x + x, y: this.#view.y + y };
    this.#paintSoon();
  }

  fit(): void {
    if (this.#scene) this.#view = fitInto(boundsOf(this.#scene.layout), this.#screen);
    this.#paintSoon();
  }

  stop(): void {
    this.#stopped.abort();
    cancelAnimationFrame(this.#frame);
  }

  /** At first all of it, or, of what would be too small to read, its beginning. */
  #settle(): void {
    if (this.#isFitted || !this.#scene || this.#screen.width === 0) return;
    this.#isFitted = this.#scene.layout.graph.ids.length > 0;
    this.fit();
    if (this.#view.scale >= FIRST_SCALE_MIN) return;
    const first = this.#scene.layout.columns[0]?.[0];
    if (first === undefined || this.#scene.layout.graph.ids.length > 400) return;
    this.#view = { ...this.#view, scale: FIRST_SCALE_MIN };
    this.#view = reveal({ ...this.#view, x: 0, y: 0 }, boxOf(this.#scene.layout, first), this.#screen);
  }

  #measure(): void {
    const { canvas } = this.#options;
    const { clientWidth: width, clientHeight: height } = canvas;
    this.#screen = { width, height };
    canvas.width = Math.max(1, Math.round(width * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(height * devicePixelRatio));
    this.#settle();
    this.#paintSoon();
  }

  #paintSoon(): void {
    if (this.#frame !== 0 || this.#stopped.signal.aborted) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#scene || !this.#context || this.#screen.width === 0) return;
      draw(this.#context, {
        ...this.#scene,
        ...{ view: this.#view, screen: this.#screen, density: devicePixelRatio },
        ...{ selected: this.#selected, palette: this.#palette },
      });
    });
  }

  #zoomAt(point: { x: number; y: number }, factor: number): void {
    this.#view = zoomAt(this.#view, point, factor);
    this.#paintSoon();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.shiftKey) {
      this.pan(-event.deltaX - event.deltaY, 0);
      return;
    }
    // Lines and pages are turned into pixels.
    const pixels =
      event.deltaY * (event.deltaMode === 0 ? 1 : event.deltaMode === 1 ? 18 : this.#screen.height);
    this.#zoomAt(
      { x: event.offsetX, y: event.offsetY },
      Math.exp(-pixels * WHEEL_STEP * (event.ctrlKey ? 4 : 1)),
    );
  }

  #press(event: PointerEvent): void {
    this.#options.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    this.#dragged = 0;
  }

  #move(event: PointerEvent): void {
    const from = this.#pointers.get(event.pointerId);
    if (!from) return;
    const to = { x: event.offsetX, y: event.offsetY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#dragged += Math.hypot(to.x - from.x, to.y - from.y);
    this.#pointers.set(event.pointerId, to);
    if (other) {
      const apart = (point: typeof to) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      this.#zoomAt({ x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 }, apart(to) / apart(from));
    } else if (this.#dragged > DRAG_PX) this.pan(to.x - from.x, to.y - from.y);
  }

  #release(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    if (this.#dragged > DRAG_PX || !this.#scene) return;
    const point = { x: event.offsetX, y: event.offsetY };
    this.#options.onSelect(nodeAt({ layout: this.#scene.layout, view: this.#view }, point));
  }
}

const COLOURS = [
  ...(['run', 'done', 'wait', 'warn', 'fail', 'idle'] as const),
  ...(['ground', 'raised', 'rule-strong', 'text', 'dim', 'stream'] as const),
] as const;

/** The theme's colours as the canvas understands them: as the browser itself resolves them. */
function readPalette(canvas: HTMLCanvasElement): Palette {
  const probe = document.createElement('i');
  canvas.parentElement?.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(COLOURS.map((name) => [name, read(name)]));
  const font = getComputedStyle(probe).fontFamily;
  probe.remove();
  return { ...colours, font } as Palette; // Each of the names was just read.
}
