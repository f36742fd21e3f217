-- milter-broken.lua - one message of ours, on a disk that fails; milter-broken.t runs it.  `port` and `wanted` (the reply) are set by -D.

local c = mt.connect("inet:" .. port .. "@127.0.0.1", 20, 0.1)
mt.mailfrom(c, "<ann@example.org>")
mt.rcptto(c, "<unsubscribe@optout.example>")
mt.data(c)
mt.header(c, "From", "Ann <ann@example.org>")
mt.header(c, "Message-ID", "<broken@example.org>")
mt.header(c, "Subject", "Unsubscribe")
mt.eoh(c)
mt.bodystring(c, "Please unsubscribe me.\r\n")
mt.eom(c)
local replies = { discard = SMFIR_DISCARD, later = SMFIR_REPLYCODE }
if mt.getreply(c) ~= replies[wanted] then
	error("not answered: " .. wanted)
end
mt.disconnect(c)
