// Package golden holds complete generated projects, one folder for each
// combination of providers, and the tests that keep them true: rendering the
// answers in a project's own manifest gives exactly that project, and every
// combination builds, vets, lints, passes its tests and serves.
//
// The projects are the product. After a change to templates run `make golden`
// and read the diff of one project as if a colleague had written that server,
// then skim the others for surprises. .forge/base is left out of them: it
// repeats the tree, and a test proves that.
package golden
