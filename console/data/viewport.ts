/** What part of a large picture is in sight: zoom and pan as numbers. Pure. The picture's units are its own. */

export interface Viewport {
  /** Pixels of the screen where the picture's origin is. */
  readonly x: number;
  readonly y: number;
  /** Pixels of the screen for one unit of the picture. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const SCALE_MIN = 0.02;
export const SCALE_MAX = 2.5;
/** Pixels that are left free around. */
const MARGIN = 24;

/** Zooms about a point of the screen, which keeps what it shows. */
export function zoomAt(view: Viewport, point: { x: number; y: number }, factor: number): Viewport {
  const scale = clamp(view.scale * factor, SCALE_MIN, SCALE_MAX);
  const by = scale / view.scale;
  return { scale, x: point.x - (point.x - view.x) * by, y: point.y - (point.y - view.y) * by };
}

/** The whole picture in the middle of the screen, not larger than `scaleMax`. */
export function fitInto(picture: Box, screen: Size, scaleMax = 1): Viewport {
  const margin = MARGIN;
  const width = Math.max(1, picture.right - picture.left);
  const height = Math.max(1, picture.bottom - picture.top);
  const scale = clamp(
    Math.min((screen.width - 2 * margin) / width, (screen.height - 2 * margin) / height, scaleMax),
    SCALE_MIN,
    SCALE_MAX,
  );
  return {
    scale,
    x: (screen.width - width * scale) / 2 - picture.left * scale,
    y: (screen.height - height * scale) / 2 - picture.top * scale,
  };
}

/** Moves as little as is needed for the box to be in sight. */
export function reveal(view: Viewport, box: Box, screen: Size): Viewport {
  const margin = MARGIN;
  const shift = (from: number, to: number, size: number) => {
    if (from < margin) return margin - from;
    return to > size - margin ? Math.max(size - margin - to, margin - from) : 0;
  };
  const { scale } = view;
  return {
    scale,
    x: view.x + shift(box.left * scale + view.x, box.right * scale + view.x, screen.width),
    y: view.y + shift(box.top * scale + view.y, box.bottom * scale + view.y, screen.height),
  };
}

/** What of the picture the screen shows. */
export function inSight(view: Viewport, screen: Size): Box {
  return {
    left: -view.x / view.scale,
    top: -view.y / view.scale,
    right: (screen.width - view.x) / view.scale,
    bottom: (screen.height - view.y) / view.scale,
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
