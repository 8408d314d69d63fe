package view

import "github.com/insforge/forge/generator"

// Schema is the version of the shape of forge's JSON documents. It grows when a
// program that reads them would have to change.
const Schema = 1

// FailureDocument is what a command prints with --json if it fails before it has a
// document of its own.
type FailureDocument struct {
	Schema int     `json:"schema"`
	Error  Failure `json:"error"`
}

// Failure is why a run failed.
type Failure struct {
	// Code is one of those that `forge schema --json` lists.
	Code string `json:"code"`
	// Exit is the exit code of the process.
	Exit    int    `json:"exit"`
	Message string `json:"message"`
	// Hint is what to do about it.
	Hint string `json:"hint,omitempty"`
	// Problems are all of them, at least one.
	Problems []Problem `json:"problems"`
}

// Problem is one of the reasons of a Failure.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`

	// Key, Flag and what follows describe the question whose answer is missing or
	// wrong.
	Key      string             `json:"key,omitempty"`
	Flag     string             `json:"flag,omitempty"`
	Question string             `json:"question,omitempty"`
	Type     string             `json:"type,omitempty"`
	Choices  []generator.Choice `json:"choices,omitempty"`
	Default  string             `json:"default,omitempty"`
	// Shape says in words what an answer looks like.
	Shape string `json:"shape,omitempty"`

	// Path is the file that is meant, Line the line in it.
	Path string `json:"path,omitempty"`
	Line int    `json:"line,omitempty"`
}
