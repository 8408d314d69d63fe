// Package lint finds what is wrong with a folder of templates, before anything
// is compiled: in its declaration, its Go, its SQL and in what it renders.
//
// A [Rule] is one demand. A [Finding] is a place that does not meet it: the file,
// the line, what is wrong and what to do. [Run] looks at the folders of some
// providers, or at all there are.
//
// The templates come as an fs.FS, so that they can be those of a checkout. What
// shows only once code runs is not judged here; `forge template test` does that.
package lint
