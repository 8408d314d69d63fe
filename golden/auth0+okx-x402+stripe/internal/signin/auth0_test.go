package signin

// The application of the tests, and users.
var testConfig = Config{BaseURL: "https://app.example.com", Domain: "tenant.us.auth0.com", ClientID: "client", ClientSecret: "secret"}

const user1, user2 = "auth0|64a1b2c3d4e5f60718293a4b", "google-oauth2|1093"
