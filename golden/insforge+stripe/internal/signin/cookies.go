package signin

import (
	"net/http"
	"time"
)

// cookies are this server's cookies. Where the browser is on https, their names begin with __Host-:
// browsers then take them from this very host only, and never send them in the clear.
type cookies struct{ secure bool }

func (c cookies) name(s string) string {
	if c.secure {
		return "__Host-" + s
	}
	return s
}

// session returns the key in the browser's cookie.
func (c cookies) session(r *http.Request) (key, bool) {
	cookie, err := r.Cookie(c.name("session"))
	if err != nil {
		return key{}, false
	}
	return parseKey(cookie.Value)
}

func (c cookies) setSession(w http.ResponseWriter, k key, expires time.Time) {
	c.set(w, "session", k.String(), expires)
}

func (c cookies) clearSession(w http.ResponseWriter) { c.clear(w, "session") }

// set sends a cookie that scripts cannot read and that only navigation brings along from another site.
func (c cookies) set(w http.ResponseWriter, name, value string, expires time.Time) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(name), Value: value, Path: "/", Expires: expires,
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(name), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}
