// Shows Clerk's sign-in, and hands the session token to this server once somebody has signed in.
addEventListener("DOMContentLoaded", async () => {
  const place = document.getElementById("sign-in");
  const status = document.getElementById("status");
  const form = document.getElementById("session");
  let sent = false;

  const enter = async (session) => {
    if (sent || !session || session.status !== "active") return;
    sent = true;
    status.textContent = "Signing in…";
    try {
      form.elements.token.value = await session.getToken();
    } catch {
      status.textContent = "Clerk does not answer. Please reload the page in a moment.";
      return;
    }
    form.submit();
  };

  try {
    await window.Clerk.load();
  } catch {
    status.textContent = "Clerk could not be loaded. Please try again in a moment.";
    return;
  }
  status.textContent = "";
  window.Clerk.addListener(({ session }) => enter(session));
  if (window.Clerk.session) {
    await enter(window.Clerk.session);
  } else {
    window.Clerk.mountSignIn(place, { forceRedirectUrl: place.dataset.again, signUpForceRedirectUrl: place.dataset.again });
  }
});
