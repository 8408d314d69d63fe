package prompt

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/insforge/forge/generator"
)

func (a *Asker) askPlain(ctx context.Context, q generator.Question, check func(string) error) (string, error) {
	intro, prompt := plainPrompt(q)
	for say := intro + prompt; ; {
		if _, err := fmt.Fprint(a.out, say); err != nil {
			return "", fmt.Errorf("asking for %s: %w", q.Message, err)
		}
		line, err := a.in.line(ctx, a.tty == nil)
		if err != nil {
			_, _ = fmt.Fprintln(a.out) // the interruption is what to report
			return "", err
		}
		echo := ""
		if a.tty == nil { // where a terminal would have shown it
			echo = line + "\n"
		}
		if line == "?" && q.Help != "" {
			say = echo + q.Help + "\n" + prompt
			continue
		}
		value := plainValue(q, line)
		if err := check(value); err != nil {
			say = echo + err.Error() + "\n" + prompt
			continue
		}
		if _, err := fmt.Fprint(a.out, echo); err != nil {
			return "", fmt.Errorf("asking for %s: %w", q.Message, err)
		}
		return value, nil
	}
}

// plainPrompt returns what is said once, and what is said on the line that
// waits for each attempt.
func plainPrompt(q generator.Question) (intro, prompt string) {
	def, help := q.Default, ""
	if q.Help != "" {
		help = ", ? for help"
	}
	switch q.Type {
	case "confirm":
		return "", fmt.Sprintf("%s (%s%s) ", q.Message, yesOrNo(def == "true"), help)
	case "select", "multiselect":
		var b strings.Builder
		fmt.Fprintln(&b, q.Message)
		for i, c := range q.Choices {
			fmt.Fprintf(&b, "  %d) %s", i+1, c.Value)
			if c.Label != "" && c.Label != c.Value {
				fmt.Fprintf(&b, " - %s", c.Label)
			}
			fmt.Fprintln(&b)
		}
		intro, prompt = b.String(), "Number or name"+help
		if q.Type == "multiselect" {
			prompt = "Numbers or names with commas between, or " + generator.None + help
			if def == "" {
				def = generator.None
			}
		}
	default:
		prompt = q.Message
		if q.Help != "" {
			prompt += " (? for help)"
		}
	}
	if def != "" {
		prompt += " [" + def + "]"
	}
	return intro, prompt + ": "
}

func yesOrNo(def bool) string {
	if def {
		return "Y/n"
	}
	return "y/N"
}

// plainValue makes what was typed the form that Check takes. What it does not
// know it leaves alone: Check then says why not.
func plainValue(q generator.Question, line string) string {
	if line == "" {
		line = q.Default
	}
	switch q.Type {
	case "confirm":
		switch strings.ToLower(line) {
		case "y", "yes", "true":
			return "true"
		case "n", "no", "false", "":
			return "false"
		}
	case "select":
		return choice(q, line)
	case "multiselect":
		items := generator.SplitList(line)
		for i, item := range items {
			items[i] = choice(q, item)
		}
		if len(items) == 0 {
			return generator.None
		}
		return strings.Join(generator.SplitList(strings.Join(items, ",")), ",")
	}
	return line
}

// choice returns the value that is meant by a value, in any case, or a number.
func choice(q generator.Question, typed string) string {
	for _, c := range q.Choices {
		if strings.EqualFold(c.Value, typed) {
			return c.Value
		}
	}
	if n, err := strconv.Atoi(typed); err == nil && n >= 1 && n <= len(q.Choices) {
		return q.Choices[n-1].Value
	}
	return typed
}
