package dotenv

import (
	"testing"
	"testing/fstest"
)

func TestSettings(t *testing.T) {
	files := fstest.MapFS{
		".env":         {Data: []byte("# A=comment\nA=1\nA=2\nB=x # kept\nC=\nQ=\"quoted\"\nW=dos\r\nnothing\n")},
		".env.example": {Data: []byte("A=example\n# D=\n# Example: sample\nF=\nG=\n# Example: other\nH=own\n")},
	}
	env := map[string]string{"B": "outer", "C": "outer", "E": ""}
	s := Read(files, func(name string) string { return env[name] })
	fine := func(string) string { return "" }
	for _, c := range []struct{ name, value, from string }{
		{"A", "2", ".env"}, {"B", "outer", "the environment"}, {"C", "outer", "the environment"}, {"E", "", ".env"},
	} {
		if value, from := s.Get(c.name); value != c.value || from != c.from {
			t.Errorf("Get(%s) = %q, %q, want %q, %q", c.name, value, from, c.value, c.from)
		}
	}
	if s.InFile["B"] != "x # kept" || s.Example["A"] != "example" || s.InEnvironment("A") != "" {
		t.Errorf("%+v", s)
	}
	if s.Example["F"] != "sample" || s.Example["G"] != "" || s.Example["H"] != "own" {
		t.Errorf("examples: %q", s.Example)
	}
	if !s.Declares("A") || !s.Declares("D") || s.Declares("B") || !Read(fstest.MapFS{}, nil).Declares("B") {
		t.Error("what .env.example declares is A and D")
	}
	for _, c := range []struct{ name, where, what, fix string }{
		{"A", "", "", ""},
		{"E", "", "is not set, neither in the environment nor in .env", "set E in .env to something"},
		{"Q", ".env", "is in quotes, and they count as part of it", "set Q in .env to something"},
		{"W", ".env", "begins or ends in white space (lines that end as on Windows count too)", "set W in .env to something"},
	} {
		value, problem := s.Check(c.name, "something", fine)
		switch {
		case c.what == "" && (problem != nil || value != "2"):
			t.Errorf("Check(%s) = %q, %+v", c.name, value, problem)
		case c.what != "" && (value != "" || problem == nil || *problem != Problem{c.where, c.what, c.fix}):
			t.Errorf("Check(%s) = %q, %+v", c.name, value, problem)
		}
	}
	if _, problem := s.Check("B", "another", func(value string) string { return "is not " + value[:0] + "right" }); problem == nil ||
		*problem != (Problem{"the environment", "is not right", "set B in the environment to another"}) {
		t.Errorf("%+v", problem)
	}
}

func TestCheck_noFile(t *testing.T) {
	none := func(string) string { return "" }
	for _, c := range []struct {
		files     fstest.MapFS
		what, fix string
	}{
		{nil, "is not set, and there is no .env", "cp .env.example .env, and set A in it to something"},
		{fstest.MapFS{".env/x": {}}, "is not set, and .env cannot be read", "make .env a file that you can read"},
	} {
		if _, problem := Read(c.files, none).Check("A", "something", none); problem == nil || problem.What != c.what || problem.Fix != c.fix {
			t.Errorf("%+v", problem)
		}
	}
}
