// Package golden holds complete generated projects, one folder for each
// combination of providers, and the tests that keep them true: rendering the
// answers in a project's own manifest gives exactly that project, and every
// combination builds, vets, lints, passes its tests and serves.
//
// The projects are the product. After a change to templates run `make golden`
// and read the diff of one project as if a colleague had written that server,
// then skim the others for surprises. .forge/base is left out of them: it
// repeats the tree, and a test proves that.
//
// What is the same in many of them is tried once: by the Go tool and the linter, which
// look at projects at places they know again (trial.Places), and by the tests of
// migrations, by what is in the files.
package golden
