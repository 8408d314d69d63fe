package doctor

import (
	"crypto/rand"
	"time"
)

// tokenLife is how long a token of the doctor's is good for.
const tokenLife = time.Minute

// nobody is the subject of no user.
func nobody() string { return "forge-doctor-" + rand.Text() }
