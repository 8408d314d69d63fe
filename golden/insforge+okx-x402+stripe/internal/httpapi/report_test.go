package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNewReport(t *testing.T) {
	tests := []struct {
		name, text string
		want       report
	}{
		{"one sentence", "Hello, world.", report{13, 2, 2, 1, 1}},
		{"case is one word", "Buffalo buffalo BUFFALO", report{23, 3, 1, 1, 1}},
		{"inner marks", "It's a well-known trick - isn't it?", report{35, 6, 6, 1, 2}},
		{"numbers", "Pi is 3.14. Really!", report{19, 5, 5, 2, 2}},
		{"marks pile up", "What?! No... Yes", report{16, 3, 3, 3, 1}},
		{"closing quote", "\"Stop.\" He stopped.", report{19, 3, 3, 2, 1}},
		{"other scripts", "你好。再见。", report{6, 2, 2, 2, 1}},
		{"accents", "Été, été; e\u0301te\u0301", report{15, 3, 2, 1, 1}},
		{"no words", "... !!! --", report{10, 0, 0, 0, 0}},
		{"a minute", strings.Repeat("word ", 238), report{1190, 238, 1, 1, 60}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newReport(tt.text); got != tt.want {
				t.Errorf("newReport(%q) = %+v, want %+v", tt.text, got, tt.want)
			}
		})
	}
}

func TestReportHandler(t *testing.T) {
	long, err := json.Marshal(strings.Repeat("a", maxReportText+1))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, body string
		status     int
	}{
		{"good", `{"text":"One two."}`, http.StatusOK},
		{"blank", `{"text":" \n"}`, http.StatusUnprocessableEntity},
		{"missing", `{}`, http.StatusUnprocessableEntity},
		{"too long", `{"text":` + string(long) + `}`, http.StatusRequestEntityTooLarge},
		{"unknown field", `{"text":"a","html":true}`, http.StatusBadRequest},
		{"not JSON", `text`, http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/v1/report", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			handleReport().ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d; body %s", w.Code, tt.status, w.Body)
			}
		})
	}
}
