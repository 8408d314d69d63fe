package merge

import (
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// checkTOML reads the result back. It must hold what uniting the two decoded
// files gives, no more and no less, so that no mistake in finding a place in
// the text can reach the user's disk.
func checkTOML(result source, user, want *tomlFile) error {
	var got map[string]any
	if err := toml.Unmarshal([]byte(result.text), &got); err != nil {
		return result.errorf(0, "the merged file would not parse: %s; add forge's keys by hand", problem(err))
	}
	if got == nil {
		got = map[string]any{}
	}
	if !same(got, united(user.values, want.values)) {
		return result.errorf(0, "forge's keys do not fit the way this file is written; add them by hand")
	}
	return nil
}

// united returns the user's value with what is only in want added: the keys of
// tables, and the strings of arrays that hold nothing else.
func united(user, want any) any {
	switch u := user.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok {
			return user
		}
		all := maps.Clone(w)
		if all == nil {
			all = map[string]any{}
		}
		for key, value := range u {
			all[key] = value
			if other, both := w[key]; both {
				all[key] = united(value, other)
			}
		}
		return all
	case []any:
		w, ok := want.([]any)
		if !ok || !texts(w) {
			return user
		}
		all := slices.Clone(u)
		for _, value := range w {
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
		}
		return all
	}
	return user
}

func texts(values []any) bool {
	return !slices.ContainsFunc(values, func(v any) bool {
		_, ok := v.(string)
		return !ok
	})
}

// same is reflect.DeepEqual, except that a NaN is the same as itself.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	}
	return reflect.DeepEqual(a, b)
}
