// Package schema has the JSON Schemas (draft 2020-12) of what people write for
// forge, for their editors, and of what forge prints, for programs.
//
// Those of fixed shapes are files here. They are made from the Go types and their
// comments, by the test that also holds them to it. That of answers depends on the
// catalog, and is made when it is asked for.
package schema

import (
	"embed"
	"fmt"
	"slices"

	"github.com/insforge/forge/generator"
)

//go:embed *.schema.json
var files embed.FS

// answers is the name of the schema that is no file.
const answers = "answers"

// Names are those of all schemas.
func Names() []string {
	return []string{"provider", "layer", answers, "plan", "status", "doctor", "failure"}
}

// dialect is the meta-schema of all of them.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// Of returns the schema called name: a value that encodes as JSON, or the encoded
// bytes. A name that is none of Names is an error.
func Of(name string, c *generator.Catalog) (document any, encoded []byte, err error) {
	switch {
	case name == answers:
		return Answers(c), nil, nil
	case slices.Contains(Names(), name):
		encoded, err = files.ReadFile(name + ".schema.json")
		return nil, encoded, err
	}
	return nil, nil, fmt.Errorf("there is no schema %q", name)
}

// Object is a schema, or a part of one.
type Object = map[string]any

// Answers describes the answers files that c takes. It says of each answer what can
// be said of it alone: which of them are asked together, only c.Resolve knows.
func Answers(c *generator.Catalog) Object {
	top, values := Object{}, Object{}
	for _, q := range c.AllQuestions() {
		switch q.Key {
		case generator.KeyName, generator.KeyModule, generator.KeyAuth:
			top[q.Key] = answer(q)
		case generator.KeyPayments:
			top[q.Key] = Object{
				"description": about(q), "type": "array", "uniqueItems": true,
				"items": Object{"enum": append(choices(q), generator.None)},
			}
		default:
			values[q.Key] = answer(q)
		}
	}
	top["values"] = Object{
		"description": "The answers to all other questions, each of them a string.",
		"type":        "object", "properties": values, "additionalProperties": false,
	}
	return Object{
		"$schema": dialect, "title": "Answers for forge " + c.Version, "type": "object",
		"description": "What forge new --answers FILE reads. It never holds a secret.",
		"properties":  top, "additionalProperties": false,
	}
}

func answer(q generator.Question) Object {
	s := Object{"description": about(q), "type": "string"}
	switch {
	case q.Type == "confirm":
		s["enum"] = []string{"true", "false"}
	case q.Type == "select":
		s["enum"] = choices(q)
	case q.Pattern != "":
		s["pattern"] = q.Pattern
	}
	if q.Default != "" {
		s["default"] = q.Default
	}
	return s
}

func about(q generator.Question) string {
	text := q.Message
	if q.Help != "" {
		text += " " + q.Help
	}
	if q.Shape != "" {
		text += " Form: " + q.Shape + "."
	}
	if q.When != nil {
		text += fmt.Sprintf(" Asked if %s is %s.", q.When.Key, q.When.Is)
	}
	return text
}

func choices(q generator.Question) []string {
	values := []string{}
	for _, c := range q.Choices {
		values = append(values, c.Value)
	}
	return values
}
