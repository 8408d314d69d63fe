package merge

import "testing"

func TestConflict_marked(t *testing.T) {
	c := Conflict{User: "u\n", Base: "", Target: "t"}
	want := "<<<<<<< yours\nu\n||||||| base\n=======\nt\n>>>>>>> forge\n"
	if got := c.marked(Labels{User: "yours", Base: "base", Target: "forge"}, "\n"); got != want {
		t.Errorf("marked() = %q, want %q", got, want)
	}
	want = "<<<<<<<\r\nu\n|||||||\r\n=======\r\nt\r\n>>>>>>>\r\n"
	if got := c.marked(Labels{}, "\r\n"); got != want {
		t.Errorf("marked() without labels, in CRLF = %q, want %q", got, want)
	}
}

func TestHasMarkers(t *testing.T) {
	for text, want := range map[string]bool{
		"a\n<<<<<<< HEAD\nb\n": true,
		"a\n<<<<<<<\r\nb\n":    true,
		"a\n>>>>>>> forge":     true,
		"a\n>>>>>>>\n":         true,
		"":                     false,
		"Title\n=======\n":     false, // a heading
		"||||||| base\n":       false,
		"a <<<<<<< b\n":        false,
		"<<<<<<<<< b\n":        false,
		"<<<<<<<b\n":           false,
	} {
		if got := HasMarkers([]byte(text)); got != want {
			t.Errorf("HasMarkers(%q) = %v, want %v", text, got, want)
		}
	}
}
