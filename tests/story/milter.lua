-- milter.lua - conversations with optout-milter as OpenDKIM's miltertest holds them; milter-miltertest.t runs it.
-- Prints one line of TAP a test; `port` is set by -D.

local count, failed = 0, 0

local function ok(what, passed)
	count = count + 1
	if not passed then
		failed = failed + 1
		mt.echo("not ok " .. count .. " - " .. what)
	else
		mt.echo("ok " .. count .. " - " .. what)
	end
end

local function reply(c, step)
	local fault = step[1](c, table.unpack(step, 2))
	if fault ~= nil then
		mt.echo("# " .. tostring(fault))
		return nil
	end
	return mt.getreply(c)
end

local function connect(version, actions, steps)
	local c = mt.connect("inet:" .. port .. "@127.0.0.1", 20, 0.1)
	if c == nil then
		error "no connection"
	end
	if mt.negotiate(c, version, actions, steps) ~= nil then
		error "no negotiation"
	end
	return c
end

-- Up to DATA; the reply to DATA.
local function envelope(c, sender, recipients)
	mt.macro(c, SMFIC_MAIL, "i", "LUA" .. count)
	mt.mailfrom(c, sender)
	for _, recipient in ipairs(recipients) do
		mt.rcptto(c, recipient)
	end
	return reply(c, { mt.data })
end

-- The rest; the reply to the end of the message.
local function text(c, headers, body)
	for _, header in ipairs(headers) do
		mt.header(c, header[1], header[2])
	end
	mt.eoh(c)
	mt.bodystring(c, body .. "\r\n")
	return reply(c, { mt.eom })
end

local ours = "<unsubscribe@optout.example>"
local privacy = "<privacy@optout.example>"
local foreign = "<bob@example.net>"
local function stop(who)
	return { { "From", "Ann <" .. who .. "@example.org>" }, { "Subject", "Unsubscribe" } }
end

-- what is asked for
local c = connect(nil, nil, nil)
ok("CONNECT is left out", mt.test_option(c, SMFIP_NOCONNECT))
ok("HELO is left out", mt.test_option(c, SMFIP_NOHELO))
ok("MAIL needs no reply", mt.test_option(c, SMFIP_NR_MAIL))
ok("RCPT needs no reply", mt.test_option(c, SMFIP_NR_RCPT))
ok("headers need no reply", mt.test_option(c, SMFIP_NR_HDR))
ok("the body needs no reply", mt.test_option(c, SMFIP_NR_BODY))
ok("DATA needs one", not mt.test_option(c, SMFIP_NR_DATA) and not mt.test_option(c, SMFIP_NODATA))
ok("recipients may be deleted", mt.test_action(c, SMFIF_DELRCPT))
ok("nothing more is asked for", not mt.test_action(c, SMFIF_CHGBODY) and not mt.test_action(c, SMFIF_ADDRCPT))

-- several messages over one connection
ok("a message for others is accepted at DATA", envelope(c, "<a@example.org>", { foreign }) == SMFIR_ACCEPT)
mt.abort(c)
ok("one of ours goes on", envelope(c, "<a@example.org>", { ours }) == SMFIR_CONTINUE)
ok("… and is discarded when recorded", text(c, stop("a"), "Please unsubscribe me.") == SMFIR_DISCARD)

ok("mixed recipients go on", envelope(c, "<b@example.org>", { foreign, "<Unsubscribe+2@OPTOUT.example>" }) == SMFIR_CONTINUE)
ok("… the message is accepted", text(c, stop("b"), "Please unsubscribe me.") == SMFIR_ACCEPT)
ok("… without our recipient, named as it was", mt.eom_check(c, MT_RCPTDELETE, "<Unsubscribe+2@OPTOUT.example>"))
ok("… without marks of ours", not mt.eom_check(c, MT_HDRADD, "Optout-Case"))

ok("a letter goes on", envelope(c, "<c@example.org>", { privacy }) == SMFIR_CONTINUE)
local letter = { { "From", "Cy <c@example.org>" }, { "Optout-Case", "FORG-ED00" }, { "Subject", "My data" }, { "optout-case", "FORG-ED01" } }
ok("… and is delivered", text(c, letter, "Please delete all personal data you hold about me.") == SMFIR_ACCEPT)
ok("… with a case", mt.eom_check(c, MT_HDRADD, "Optout-Case"))
ok("… and a day", mt.eom_check(c, MT_HDRADD, "Optout-Due"))
ok("… without the forged ones", mt.eom_check(c, MT_HDRDELETE, "optout-case"))

-- aborts
ok("one that is broken off goes on", envelope(c, "<d@example.org>", { ours }) == SMFIR_CONTINUE)
mt.header(c, "Subject", "Unsubscribe")
mt.abort(c)
ok("… and the next is taken", envelope(c, "<e@example.org>", { ours }) == SMFIR_CONTINUE)
ok("… as if nothing had been", text(c, stop("e"), "Please unsubscribe me.") == SMFIR_DISCARD)
mt.disconnect(c)

-- an old mail server: version 2, all steps answered, no DATA
c = connect(2, SMFI_V2_ACTS, SMFI_V2_PROT)
mt.mailfrom(c, "<f@example.org>")
ok("version 2: MAIL is answered", mt.getreply(c) == SMFIR_CONTINUE)
mt.rcptto(c, foreign)
ok("version 2: RCPT is answered", mt.getreply(c) == SMFIR_CONTINUE)
mt.header(c, "Subject", "hello")
ok("version 2: a header is answered", mt.getreply(c) == SMFIR_CONTINUE)
ok("version 2: mail for others is accepted at end of headers", reply(c, { mt.eoh }) == SMFIR_ACCEPT)
mt.disconnect(c)
c = connect(2, SMFI_V2_ACTS, SMFI_V2_PROT)
mt.mailfrom(c, "<f@example.org>")
mt.rcptto(c, ours)
ok("version 2: ours is recorded", text(c, stop("f"), "Please unsubscribe me.") == SMFIR_DISCARD)
mt.disconnect(c)

-- a mail server that goes away in mid-message
c = connect(nil, nil, nil)
envelope(c, "<g@example.org>", { ours })
mt.header(c, "Subject", "Unsubscribe")
mt.disconnect(c, false)

-- much text
c = connect(nil, nil, nil)
envelope(c, "<h@example.org>", { ours })
mt.header(c, "From", "Ann <h@example.org>")
mt.header(c, "Subject", "Unsubscribe")
mt.header(c, "X-Long", string.rep("x", 900))
mt.eoh(c)
mt.bodystring(c, "Please unsubscribe me.\r\n")
mt.bodyrandom(c, 500000)
ok("half a megabyte is recorded", reply(c, { mt.eom }) == SMFIR_ACCEPT or mt.getreply(c) == SMFIR_DISCARD)
mt.disconnect(c)

mt.echo("1.." .. count)
if failed > 0 then
	error(failed .. " failed")
end
