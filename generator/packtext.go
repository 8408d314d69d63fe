package generator

import (
	"errors"
	"fmt"
	"reflect"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPackValue is the length of an example or a default of a pack, which patterns
// are tried on.
const maxPackValue = 1 << 10

// checkPackTexts checks every string of a declaration. That comes before all else,
// because texts are executed and patterns matched to check the rest.
func checkPackTexts(file string, declared any) []error {
	var errs []error
	walkStrings(reflect.ValueOf(declared), "", func(key, s string) {
		wrong := func(err error) {
			errs = append(errs, &ProviderError{Path: file, Key: key, Err: err})
		}
		last := key[strings.LastIndexByte(key, '.')+1:]
		if r, ok := hiddenRune(s, slices.Contains([]string{"text", "comment", "help"}, last)); ok {
			wrong(fmt.Errorf("has %U, which nobody sees or which breaks the line: leave it out", r))
		}
		functions := []string{"not", "eq", "ne", "and", "or"}
		if strings.HasPrefix(key, "doctor.") {
			functions = []string{"trim", "trimPrefix", "trimSuffix", "default", "base64decode", "hasPrefix", "lower"}
		}
		if err := checkPackText(s, functions...); err != nil {
			wrong(err)
		}
		switch {
		case last == "pattern":
			if err := checkPackPattern(s); err != nil {
				wrong(err)
			}
		case (last == "example" || last == "default") && len(s) > maxPackValue:
			wrong(fmt.Errorf("is longer than %d bytes", maxPackValue))
		}
	})
	return errs
}

// walkStrings calls visit for each string in v with its key in TOML.
func walkStrings(v reflect.Value, key string, visit func(key, s string)) {
	join := func(name string) string { return strings.Trim(key+"."+name, ".") }
	switch v.Kind() { //nolint:exhaustive // declarations hold nothing else that has strings
	case reflect.String:
		visit(key, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			walkStrings(v.Elem(), key, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkStrings(v.Index(i), fmt.Sprintf("%s[%d]", key, i), visit)
		}
	case reflect.Map:
		for _, name := range v.MapKeys() {
			visit(key, name.String())
			walkStrings(v.MapIndex(name), join(name.String()), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag := f.Tag.Get("toml")
			switch {
			case f.Anonymous:
				walkStrings(v.Field(i), key, visit)
			case tag != "" && tag != "-":
				walkStrings(v.Field(i), join(tag), visit)
			}
		}
	}
}

// hiddenRune finds a character that is not what a reader takes the text for:
// control characters, those that turn the direction of writing, and such that
// have no width.
func hiddenRune(s string, multiline bool) (rune, bool) {
	for _, r := range s {
		switch {
		case r == '\n' && multiline, r == '\t':
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return r, true
		}
	}
	return 0, false
}

// maxPackPattern is how large a pattern of a pack may be with all repetitions
// written out. RE2 takes time in proportion to that and to the length of what is
// matched.
const maxPackPattern = 5000

func checkPackPattern(pattern string) error {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err == nil && patternSize(parsed) > maxPackPattern {
		err = errors.New("the pattern is too large: repeat less in it")
	}
	return err
}

// patternSize is counted, not compiled: that alone could take long.
func patternSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		size += patternSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, maxPackPattern+1)
}
