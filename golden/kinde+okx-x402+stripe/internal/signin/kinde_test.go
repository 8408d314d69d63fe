package signin

// The application of the tests, and users.
var testConfig = Config{BaseURL: "https://app.example.com", Issuer: "https://yourbusiness.kinde.com", ClientID: "client", ClientSecret: "secret"}

const user1, user2 = "kp_cfcb1ae5b9254ad99521214014c54f43", "kp_0123456789abcdef0123456789abcdef"
