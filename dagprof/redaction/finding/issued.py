"""The prefixes and the forms of tokens from known issuers."""

from __future__ import annotations

from dagprof.redaction.finding.tokens import ALNUM, BASE64, URL_SAFE, WORD, Shaped, Tokens

GITHUB = Tokens("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", letters=WORD, least=16)
GITLAB = Tokens(
    "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct- glwt- GR1348941",
    letters="A-Za-z0-9_.-",
    least=16,
)
GOOGLE = Tokens("AIza ya29. 1//0 GOCSPX-", letters="A-Za-z0-9_.-", least=20)
SLACK = Tokens(
    "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xoxe.xoxb- xoxe.xoxp- xapp-",
    letters="A-Za-z0-9%-",
    least=10,
    is_varied=True,
)
WEBHOOKS = Shaped(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/"
    r"(?:v[0-9]{1,2}/)?webhooks/|\.webhook\.office\.com/webhookb2/|outlook\.office\.com/"
    r"webhook/|hooks\.zapier\.com/hooks/catch/|chat\.googleapis\.com/v1/spaces/)"
    r"(?P<secret>[\w@%+=&?./-]{8,})",
    needs=("hooks.", "webhook", "chat.googleapis"),
)
BOTS = Shaped(
    r"(?<![A-Za-z0-9_.-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"
    r"|(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}",
    needs=(".", ":AA"),
)
STRIPE = Tokens(
    "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
    letters=ALNUM,
    least=10,
)
MAIL = Shaped(
    r"(?<![A-Za-z0-9_-])(?:SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{60,}"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{50,}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}(?![0-9])|xkeysib-[0-9a-zA-Z-]{32,})",
    needs=("SG.", "key-", "-us", "xkeysib-", "pat", "00D", ".atlasv1."),
)
REGISTRIES = Tokens(
    "npm_ pypi- rubygems_ cio oy2 dckr_pat_ dckr_oat_ CFPAT-",
    letters=URL_SAFE,
    least=27,
    is_varied=True,
)
SK = Tokens("sk- sk_proj_", letters=URL_SAFE, least=16, is_varied=True)
DATABRICKS = Tokens("dapi dose dkea", letters="0-9a-f-", least=28)
MODELS = Tokens(
    "hf_ api_org_ r8_ gsk_ xai- pplx- nvapi-",
    letters="A-Za-z0-9-",
    least=20,
    is_varied=True,
)
TWILIO = Shaped(r"(?<![A-Za-z0-9])(?:SK|AC)[0-9a-f]{32}(?![0-9a-f])", needs=("SK", "AC"))
VAULT = Shaped(
    r"(?<![A-Za-z0-9_.-])(?:hv[sbr]\.[A-Za-z0-9_-]{20,}"
    r"|[sb]\.(?=[a-z]{0,23}[A-Z0-9])[A-Za-z0-9]{24}(?![A-Za-z0-9_.-]))",
    needs=("hvs.", "hvb.", "hvr.", "s.", "b."),
)
AZURE = Shaped(
    r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"
    r"|(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}",
    needs=("Q~", "JQQJ99"),
)
AWS = Shaped(
    r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?![A-Za-z0-9])"
    r"(?:[\s:,;/|'\"]{1,4}[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/]))?|(?<![A-Za-z0-9])ABSK"
    r"[A-Za-z0-9+/=]{50,}",
    needs=("AKIA", "ASIA", "ABIA", "ACCA", "ABSK"),
)
OTHERS = Tokens(
    "ATATT3 ATCTT3 ATBB lin_api_ ntn_ shpat_ shpca_ shppa_ shpss_ dop_v1_ doo_v1_ "
    "dor_v1_ NRAK- NRJS- NRII- glsa_ glc_ sntrys_ sntryu_ dbtc_ dbtu_ pul- "
    "pscale_tkn_ pscale_pw_ sb_secret_ sbp_ PMAK- figd_ pat-na1- pat-eu1- tskey- nfp_ "
    "sgp_ rzp_live_ ops_ LTAI AKID pnu_ dp.pt. dp.st. CCIPAT_ EAAC AGE-SECRET-KEY-1 HRKU- "
    "lsv2_pt_ lsv2_sk_ pcsk_ napi_ fm2_ fo1_ rnd_ CLOJARS_ AKCp squ_ sqp_ sqa_ sq0atp- sq0csp- "
    "sq0idp- access_token$production$ access_token$sandbox$ dt0c01. dt0s01. y0_ AQVN sess- tfp_",
    letters="A-Za-z0-9_=.-",
    least=16,
    is_varied=True,
)
CALLS = Shaped(
    r"(?:Auth|login)\(\s{0,4}['\"][^'\"\n]{1,100}['\"]\s{0,4},\s{0,4}['\"](?P<secret>[^'\"\n]{3,200})"
    r"['\"]\s{0,4}\)|(?<![\w.-])[\w.*-]{1,100}:(?:5432|5433|6432|3306|\*):[\w*-]{1,64}:[\w*.-]{1,64}:"
    r"(?P<pgpass>\S{3,200})|\blogin\s{1,4}\S{1,100}\s{1,4}password\s{1,4}(?P<netrc>\S{3,200})",
    needs=("Auth(", "login", ":5432:", ":5433:", ":6432:", ":3306:", ":*:"),
)
# The beginnings of private keys in base64, and Grafana's keys; letters for a key of its own.
KEYS_IN_BASE64 = Tokens(
    "b3BlbnNzaC1rZXktdjE LS0tLS1CRUdJTiBSU0EgUFJJVkFUR LS0tLS1CRUdJTiBQUklWQVRF "
    "LS0tLS1CRUdJTiBPUEVOU1NI LS0tLS1CRUdJTiBFQyBQUklWQVRF LS0tLS1CRUdJTiBFTkNSWVBURUQ "
    "LS0tLS1CRUdJTiBQR1Ag eyJrIjoi eyJhdXRocyI6 secret_",
    letters="A-Za-z0-9+/=",
    least=40,
)
FERNET = Tokens("gAAAAA", letters=BASE64, least=50)
BEARER = Shaped(
    r"(?<![A-Za-z0-9])(?:[Bb]earer|[Bb]asic|BEARER|BASIC)[ ]{1,4}"
    r"(?=[A-Za-z+/._~-]{0,400}(?:[0-9]|={1,2}(?![A-Za-z]))|[A-Za-z+/._~-]{24})"
    r"(?P<secret>[A-Za-z0-9+/._~=-]{8,})",
    needs=("earer", "asic", "BEARER", "BASIC"),
)
