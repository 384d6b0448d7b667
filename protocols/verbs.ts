/** Verbs that titles of tasks begin with: a title says what shall be done. Pure. */

const VERBS: ReadonlySet<string> = new Set(
  `accept add adapt adjust adopt align analyze analyse announce annotate apply approve archive arrange assemble assess audit
  automate backport balance benchmark block break bring build bump cache calculate call capture carry change check choose
  clarify clean clear clone close collect combine compare complete compose compute configure connect consolidate construct
  containerize convert copy correct count cover create cut debug decide decompose decouple decrease define delete deliver
  demonstrate deploy deprecate derive describe design detect determine develop diagnose disable discover distribute document
  downgrade draft draw drop eliminate embed emit enable encapsulate encrypt enforce enhance ensure establish estimate
  evaluate examine execute expand explain explore export expose extend extract fetch fill filter finalize find finish fix
  format forward gather generate get give group guard handle harden hide identify implement import improve increase index
  inspect install instrument integrate introduce investigate invite isolate join keep launch learn let lift limit link lint
  list load localize lock log lower maintain make manage map mark measure merge migrate minimize mock model modify monitor
  mount move name normalize notify observe open optimise optimize orchestrate order organize outline package parallelize
  parse patch pin plan polish populate port prepare prevent print prioritize process produce profile propose protect
  prototype prove provide provision prune publish pull push put raise read rebase rebuild reconcile record reduce refactor
  refine reformat register release reload remove rename render reorganize repair repeat replace replay report reproduce
  request research reset resolve restore restrict restructure retry return reuse revert review revise rewrite roll rotate
  route run sanitize save scaffold scale schedule secure select send separate serve set setup share ship show shrink
  simplify simulate sketch solve sort specify split spread stabilize standardize start stop store stream strengthen
  style submit summarize support survey switch sync synchronize tag teach test throttle tidy track train transform
  translate trim tune turn unify uninstall unlock update upgrade upload use validate verify version visualize watch wire
  wrap write`
    .split(/\s+/)
    .filter(Boolean),
);

export function beginsWithVerb(title: string): boolean {
  const [first = ''] = title.toLowerCase().match(/[a-z]+/) ?? [];
  return title.toLowerCase().trimStart().startsWith(first) && VERBS.has(first);
}
