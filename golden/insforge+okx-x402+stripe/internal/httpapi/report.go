package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxReportText  = 100 << 10 // bytes
	wordsPerMinute = 238       // silent reading of English non-fiction
)

// report is what POST /v1/report sells: a few facts about a text.
type report struct {
	Characters     int `json:"characters"`
	Words          int `json:"words"`
	UniqueWords    int `json:"unique_words"`
	Sentences      int `json:"sentences"`
	ReadingSeconds int `json:"reading_seconds"`
}

func handleReport() http.Handler {
	type request struct {
		Text string `json:"text"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in request
		if !decodeJSON(w, r, &in) {
			return
		}
		if strings.TrimSpace(in.Text) == "" {
			writeError(w, http.StatusUnprocessableEntity, "empty_text", "text must not be empty.")
			return
		}
		if len(in.Text) > maxReportText {
			writeError(w, http.StatusRequestEntityTooLarge, "text_too_long",
				fmt.Sprintf("text must not exceed %d bytes.", maxReportText))
			return
		}
		writeJSON(w, http.StatusOK, newReport(in.Text))
	})
}

// newReport counts. A word is a run of letters and digits, with apostrophes and
// hyphens inside it; a sentence is words up to a full stop, ! or ? that ends the
// text or is followed by space.
func newReport(text string) report {
	words := strings.FieldsFunc(text, func(c rune) bool { return !partOfWord(c) })
	unique := make(map[string]bool, len(words))
	count := 0
	for _, word := range words {
		word = strings.Trim(word, "'’-")
		if word == "" {
			continue
		}
		count++
		unique[strings.ToLower(word)] = true
	}
	return report{
		Characters:     utf8.RuneCountInString(text),
		Words:          count,
		UniqueWords:    len(unique),
		Sentences:      sentences(text),
		ReadingSeconds: (count*60 + wordsPerMinute - 1) / wordsPerMinute,
	}
}

func partOfWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) || strings.ContainsRune("'’-", c)
}

func sentences(text string) int {
	count := 0
	open, ended := false, false // inside a sentence; after its closing mark
	for _, c := range text {
		switch {
		case strings.ContainsRune(".!?…", c):
			ended = open
		case strings.ContainsRune("。！？", c): // written without a space after them
			if open {
				count++
			}
			open, ended = false, false
		case unicode.IsSpace(c):
			if ended {
				count++
				open, ended = false, false
			}
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			open, ended = true, false
		}
	}
	if open {
		count++
	}
	return count
}
