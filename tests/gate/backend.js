// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A backend as it is written for Tencent IM: their package makes its userSig, Node's own client keeps its connections.
// Only host and scheme are others. argv: port, sdkappid, key, administrator. Prints what it got, as JSON.
const http = require("http");
const { Api } = require("tls-sig-api-v2");

const [port, sdkappid, key, administrator] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const usersig = new Api(Number(sdkappid), key).genSig(administrator, 3600);

function call(command, body) {
  const random = Math.floor(Math.random() * 4294967295);
  const path = `/v4/${command}?sdkappid=${sdkappid}&identifier=${administrator}&usersig=${usersig}` +
    `&random=${random}&contenttype=json`;
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method: "POST", agent }, (response) => {
      let text = "";
      response.on("data", (piece) => (text += piece));
      response.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
    request.end(JSON.stringify(body));
  });
}

const text = (Text) => [{ MsgType: "TIMTextElem", MsgContent: { Text } }];

async function main() {
  const got = {};
  const steps = [
    ["users", "im_open_login_svc/multiaccount_import", { Accounts: ["move-a", "move-b", "move-c"] }],
    ["profile", "profile/portrait_set", { From_Account: "move-a",
      ProfileItem: [{ Tag: "Tag_Profile_IM_Nick", Value: "A" }] }],
    ["group", "group_open_http_svc/create_group", { Owner_Account: "move-a", Type: "Public", GroupId: "move-g",
      Name: "Moved", MemberList: [{ Member_Account: "move-b" }, { Member_Account: "move-c" }] }],
    ["sent", "openim/sendmsg", { SyncOtherMachine: 1, From_Account: "move-a", To_Account: "move-b", MsgRandom: 1,
      MsgTimeStamp: Math.floor(Date.now() / 1000), MsgBody: text("hello") }],
    ["inGroup", "group_open_http_svc/send_group_msg", { GroupId: "move-g", From_Account: "move-b", Random: 8912345,
      MsgBody: text("hello all") }],
    ["muted", "group_open_http_svc/forbid_send_msg", { GroupId: "move-g", Members_Account: ["move-b"], MuteTime: 60 }],
    ["banned", "group_open_http_svc/ban_group_member", { GroupId: "move-g", Members_Account: ["move-c"],
      Duration: 60 }],
    ["info", "group_open_http_svc/get_group_info", { GroupIdList: ["move-g"] }],
    ["groupHistory", "group_open_http_svc/group_msg_get_simple", { GroupId: "move-g", ReqMsgNumber: 20 }],
  ];
  for (const [name, command, body] of steps) got[name] = await call(command, body);
  got.recalled = await call("openim/admin_msgwithdraw",
    { From_Account: "move-a", To_Account: "move-b", MsgKey: got.sent.MsgKey });
  got.history = await call("openim/admin_getroammsg", { Operator_Account: "move-b", Peer_Account: "move-a", MaxCnt: 10,
    MinTime: 0, MaxTime: Math.floor(Date.now() / 1000) + 10 });
  got.many = (await Promise.all(Array.from({ length: 40 }, (_, i) => call("openim/sendmsg",
    { From_Account: "move-a", To_Account: "move-c", MsgRandom: i, MsgBody: text(`${i}`) })))).map((a) => a.ErrorCode);
  console.log(JSON.stringify(got));
  agent.destroy();
}

main().catch((error) => { console.error(error); process.exit(1); });
