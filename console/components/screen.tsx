import { type JSX, onMount } from 'solid-js';

/**
 * What every page stands in: it names the screen in the title and, for those who do not see it, as the first heading;
 * the focus comes to it, so that keys and screen readers go on from here.
 */
let isFirst = true;

export function Screen(props: { name: string; children: JSX.Element }) {
  let heading: HTMLHeadingElement | undefined;
  onMount(() => {
    document.title = `${props.name} · oio`;
    // A page that was just opened leaves the focus where it is: the link past the navigation comes first.
    if (!isFirst) heading?.focus({ preventScroll: true });
    isFirst = false;
  });
  return (
    <>
      <h1 ref={heading} class="unseen" tabindex="-1">
        {props.name}
      </h1>
      {props.children}
    </>
  );
}
