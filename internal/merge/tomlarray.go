package merge

import "strings"

// unite returns the edits that add the elements the user's array lacks, laid
// out as the array is: on its one line, or on lines of their own.
func (f *tomlFile) unite(array tomlValue, want []tomlString) []edit {
	var missing []string
	known := make(map[string]bool)
	for _, e := range array.elements {
		known[e.text] = true
	}
	for _, w := range want {
		if !known[w.text] {
			known[w.text] = true
			missing = append(missing, w.raw)
		}
	}
	if len(missing) == 0 {
		return nil
	}

	bracket := array.end - 1
	oneLine := !strings.Contains(f.text[array.start:array.end], "\n")
	if len(array.elements) == 0 {
		if oneLine {
			return []edit{{start: array.start + 1, end: bracket, text: strings.Join(missing, ", ")}}
		}
		return []edit{f.elementLines(bracket, f.innerIndent(array), missing, "")}
	}

	last := array.elements[len(array.elements)-1].end
	comma := f.comma(last, bracket)
	after, trailing := comma+1, ","
	if comma < 0 {
		after, trailing = last, ""
	}
	switch {
	case oneLine && comma >= 0:
		return []edit{{start: after, end: after, text: " " + strings.Join(missing, ", ") + ","}}
	case oneLine:
		return []edit{{start: after, end: after, text: ", " + strings.Join(missing, ", ")}}
	}

	if strings.TrimSpace(f.text[f.lineStart(bracket):bracket]) != "" {
		// The closing bracket follows the last element on its line.
		newline := "\n" + f.innerIndent(array)
		text := newline + strings.Join(missing, ","+newline) + trailing
		if comma < 0 {
			text = "," + text
		}
		return []edit{{start: after, end: after, text: text}}
	}
	lines := f.elementLines(bracket, f.innerIndent(array), missing, trailing)
	if comma >= 0 {
		return []edit{lines}
	}
	return []edit{{start: last, end: last, text: ","}, lines}
}

// elementLines returns the edit that puts one element on each line before the
// line of the closing bracket.
func (f *tomlFile) elementLines(bracket int, indent string, elements []string, trailing string) edit {
	text := indent + strings.Join(elements, ",\n"+indent) + trailing + "\n"
	return f.insertLines(f.lineStart(bracket), text)
}

// innerIndent returns how far the lines of an array are indented: as the last
// one with something on it is, or two spaces more than the line it begins on.
func (f *tomlFile) innerIndent(array tomlValue) string {
	indent := f.indentAt(array.start) + "  "
	for at := f.lineEnd(array.start); at < array.end; at = f.lineEnd(at) {
		content := strings.TrimSpace(f.text[at:f.lineEnd(at)])
		if content != "" && content[0] != ']' {
			indent = f.indentAt(at)
		}
	}
	return indent
}

// comma returns the offset of the comma between an array's last element and its
// closing bracket, or -1. Only white space and comments stand there besides.
func (f *tomlFile) comma(last, bracket int) int {
	for at := last; at < bracket; at++ {
		switch f.text[at] {
		case ',':
			return at
		case '#':
			at = f.lineEnd(at) - 1
		}
	}
	return -1
}
