package merge

import "strings"

// envKey is one variable of a .env.example.
type envKey struct {
	name  string
	block string // the comment lines right above, and its own line
	apart bool   // a blank line stands above the block
}

func adoptEnv(user, want source) (string, error) {
	mine, err := envKeys(user)
	if err != nil {
		return "", err
	}
	wanted, err := envKeys(want)
	if err != nil {
		return "", err
	}
	has := make(map[string]bool)
	for _, k := range mine {
		has[k.name] = true
	}

	var paragraph strings.Builder
	for _, k := range wanted {
		if has[k.name] {
			continue
		}
		has[k.name] = true
		if k.apart && paragraph.Len() > 0 {
			paragraph.WriteString("\n")
		}
		paragraph.WriteString(k.block)
	}
	if paragraph.Len() == 0 {
		return user.text, nil
	}
	return user.apply([]edit{user.addition(paragraph.String())}), nil
}

// envKeys returns the variables of s in their order. A variable that is only
// there as a comment, such as "# ADDR=:8080", counts: that is how an optional
// one is offered, and how a user declines one.
func envKeys(s source) ([]envKey, error) {
	lines := s.lines()
	set := make(map[string]bool)
	for _, l := range lines {
		if l.blank() || l.comment() {
			continue
		}
		name, err := envName(s, l)
		if err != nil {
			return nil, err
		}
		set[name] = true
	}

	var keys []envKey
	first := 0 // first line of the comment block above the current line
	for i, l := range lines {
		if l.blank() {
			first = i + 1
			continue
		}
		name, ok := offeredName(l)
		if !l.comment() {
			name, ok = splitEnv(l.text)
		} else if set[name] {
			ok = false // a remark about a variable that has its own line
		}
		if !ok {
			continue
		}
		var block strings.Builder
		for _, b := range lines[first : i+1] {
			block.WriteString(b.text + "\n")
		}
		keys = append(keys, envKey{
			name:  name,
			block: block.String(),
			apart: first > 0 && lines[first-1].blank(),
		})
		first = i + 1
	}
	return keys, nil
}

// envName returns the variable that l sets, or why l cannot be read.
func envName(s source, l line) (string, error) {
	name, ok := splitEnv(l.text)
	if !ok {
		return "", s.errorf(l.start, "neither a comment nor NAME=value")
	}
	_, value, _ := strings.Cut(l.text, "=")
	value = strings.TrimSpace(value)
	if quote := strings.IndexAny(value, `"'`); quote == 0 && strings.Count(value, value[:1]) == 1 {
		return "", s.errorf(l.start, "the value of %s opens a quote and does not close it on the same line", name)
	}
	return name, nil
}

// offeredName returns the variable of a comment that holds an assignment and
// nothing else. A value with spaces in it makes the line prose.
func offeredName(l line) (string, bool) {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(l.text), "#"))
	if strings.ContainsAny(text, " \t") {
		return "", false
	}
	return splitEnv(text)
}

// splitEnv returns the name in NAME=value or export NAME=value.
func splitEnv(text string) (name string, ok bool) {
	text = strings.TrimSpace(text)
	if rest, exported := strings.CutPrefix(text, "export "); exported {
		text = rest
	}
	name, _, ok = strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return "", false
	}
	for i, r := range name {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return "", false
		}
	}
	return name, true
}
