package insforgetest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5/pgconn"
)

// APIError is a refusal of the backend's own: what its routes answer as
// {error, message, statusCode}. The data API's errors are PostgREST's instead.
type APIError struct {
	Status  int    `json:"statusCode"`
	Code    string `json:"error"`
	Message string `json:"message"`

	cause error
}

func (e *APIError) Error() string {
	if e.cause != nil {
		return e.cause.Error() // says more
	}
	return e.Message
}

// Unwrap is the error of the database or of the guard, where there is one.
func (e *APIError) Unwrap() error { return e.cause }

func refuse(status int, code, message string) *APIError {
	return &APIError{Status: status, Code: code, Message: message}
}

// The codes used here (shared-schemas: error-codes).
const (
	codeInvalidInput       = "INVALID_INPUT"
	codeForbidden          = "FORBIDDEN"
	codeInternal           = "INTERNAL_ERROR"
	codeNotFound           = "NOT_FOUND"
	codeMigrationExists    = "DATABASE_MIGRATION_ALREADY_EXISTS"
	codeDatabaseValidation = "DATABASE_VALIDATION_ERROR"
	codeInvalidCredentials = "AUTH_INVALID_CREDENTIALS"
	codeUnauthorized       = "AUTH_UNAUTHORIZED"
	codeInvalidAPIKey      = "AUTH_INVALID_API_KEY"
)

// asAPIError is how the backend answers err; nil stays nil
// (middlewares/error.ts, utils/errors.ts).
func asAPIError(err error) *APIError {
	var known *APIError
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case !errors.As(err, &pg):
		return &APIError{Status: http.StatusInternalServerError, Code: codeInternal, Message: err.Error(), cause: err}
	}
	status, code := http.StatusInternalServerError, codeInternal
	switch pg.Code {
	case "23505":
		status, code = http.StatusConflict, "DATABASE_DUPLICATE"
	case "23503":
		status, code = http.StatusBadRequest, "DATABASE_CONSTRAINT_VIOLATION"
	case "23502":
		status, code = http.StatusBadRequest, "MISSING_FIELD"
	case "42P01", "42701", "42703", "42830", "42804":
		status, code = http.StatusBadRequest, codeDatabaseValidation
	case "42501":
		status, code = http.StatusForbidden, codeForbidden
	}
	return &APIError{Status: status, Code: code, Message: pg.Message, cause: err}
}

// fail answers a request with err.
func fail(w http.ResponseWriter, err error) {
	e := asAPIError(err)
	answer(w, e.Status, e)
}

func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"INTERNAL_ERROR","message":"no JSON","statusCode":500}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client is gone
}
