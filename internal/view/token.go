package view

import "time"

// TokenDocument is what `forge token --json` prints.
type TokenDocument struct {
	Token     string    `json:"token"`
	Sub       string    `json:"sub"`
	Role      string    `json:"role"`
	ExpiresAt time.Time `json:"expires_at"`
}
