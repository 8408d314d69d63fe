// Package generator turns answers into a project tree, and a project tree into
// files on disk. It is a library: it takes its templates as an fs.FS, starts
// no process, opens no connection and never prints.
//
// # Nouns
//
// A [Catalog] is every [Provider] forge knows. [Answers] are what the user said
// to its [Question]s; a [Spec] is answers resolved, with nothing left to
// decide. A [Tree] is a set of [File]s; three of them meet in a [Plan]: base,
// what forge last wrote; actual, what is on disk; target, what forge would
// write now. A [Manifest] remembers what was written. A [Pack] is providers from
// outside forge, which [Load] adds to the catalog within bounds: they change
// nothing that forge has.
//
// # Pipeline
//
//	Load → (ask) → Resolve → Render → NewPlan → Apply
//	                                    Record ──┘
//
// [Load], [Catalog.Resolve], [Render], [Record] and [NewPlan] are pure. [Apply]
// alone writes, and decides nothing: it carries out a plan and the record in
// one transaction, so that a project never stands without its record. All of
// it lands or none: what a killed run left behind, [Recover] undoes and
// [Continue] finishes.
//
// A project that exists is a [Project]: [Project.Plan] reads base from its
// record and actual from its folder, and plans to a new target. Whether the
// templates or the answers are newer makes no difference to it. A [Conflict]
// in the plan is the user's to decide. One that they want to resolve in the
// file leaves the upgrade open, until [Finish] or [Abort].
package generator
