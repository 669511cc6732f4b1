// Logs in to the demo as the frontend does; returns what it keeps in localStorage.
export const login = async (address) => {
  const clientId = `${address}/`;
  const post = async (where, body) => {
    const reply = await fetch(address + where, { method: "POST", body });
    if (!reply.ok) throw new Error(`${where}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  };
  const start = { client_id: clientId, handler: ["homeassistant", null], redirect_uri: clientId };
  const flow = await post("/auth/login_flow", JSON.stringify(start));
  const answer = { client_id: clientId, username: "demo", password: "demo" };
  const { result } = await post(`/auth/login_flow/${flow.flow_id}`, JSON.stringify(answer));
  const form = { grant_type: "authorization_code", code: result, client_id: clientId };
  const tokens = await post("/auth/token", new URLSearchParams(form));
  return { ...tokens, hassUrl: address, clientId, expires: Date.now() + tokens.expires_in * 1000 };
};
