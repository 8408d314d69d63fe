// The part of Clerk's script that a generated sign-in page calls. As the real one in development, it keeps
// its client in the page's own storage.
{
  const { origin } = new URL(document.currentScript.src);
  if (!document.currentScript.dataset.clerkPublishableKey.startsWith("pk_")) throw new Error("no publishable key");
  let client = localStorage.getItem("client");
  if (!client) localStorage.setItem("client", (client = "client_" + crypto.randomUUID()));
  const listeners = [];
  let session = null;

  const ask = async (path, body) => {
    const answer = await fetch(origin + path, body && { method: "POST", body: new URLSearchParams({ client, ...body }) });
    if (!answer.ok) throw new Error("status " + answer.status);
    return answer.json();
  };
  const enter = (found) => {
    session = found && { ...found, getToken: async () => (await ask(`/v1/client/sessions/${found.id}/tokens`, {})).jwt };
    window.Clerk.session = session;
    for (const listener of listeners) listener({ session });
  };

  window.Clerk = {
    session,
    load: async () => enter((await ask("/v1/client?client=" + client)).session),
    addListener: (listener) => {
      listeners.push(listener);
      listener({ session });
    },
    mountSignIn: (place, { forceRedirectUrl }) => {
      const style = document.createElement("style");
      style.textContent = ".cl-card { padding: 1rem; border: 1px solid currentColor }";
      document.head.append(style);
      place.innerHTML = '<form class="cl-card" style="margin: 1rem 0"><label>E-mail <input name="identifier" required></label><button>Continue</button></form>';
      place.firstChild.addEventListener("submit", async (event) => {
        event.preventDefault();
        const { identifier } = Object.fromEntries(new FormData(event.target));
        enter((await ask("/v1/client/sign_ins", { identifier })).session);
        location.assign(forceRedirectUrl); // as the real one does, whatever the listeners are about
      });
    },
  };
}
