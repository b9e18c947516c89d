/** Names of environment variables by which a program is made to run other code than its own, or to talk with somebody else. */

const PREFIXES =
  /^(?:LD_|DYLD_|PYTHON|NODE_|NPM_CONFIG_|PERL|RUBY|GEM_(?:HOME|PATH)|BUNDLE_|LUA_|PHP|JAVA_|JDK_|_JAVA|CLASSPATH|MAVEN_|GRADLE_|CARGO_(?:HOME|BUILD|TARGET)|RUST(?:C|UP|FLAGS)|DOTNET_|BASH|SHELL|GCONV_PATH|GLIBC_|LOCPATH|NLSPATH|OPENSSL_|GIT_(?!TOKEN$|PASSWORD$|USERNAME$)|SSH_ASKPASS|EDITOR|VISUAL|PAGER|PSQL|PGSYSCONFDIR|PGSERVICE|LIBMYSQL_|MYSQL_HOME|MALLOC_|XDG_)/;
const WHOLE = new Set(
  'ENV IFS PATH PS4 PROMPT_COMMAND HOME TMPDIR MAKEFLAGS LESSOPEN LESSCLOSE GOFLAGS GOENV GOROOT GOPATH GOPROXY GOTOOLCHAIN'.split(
    ' ',
  ),
);
const LEADS_ELSEWHERE = /^(?:(?:HTTPS?|ALL|NO|FTP)_PROXY$|SSL_CERT_|CURL_|REQUESTS_CA_BUNDLE$|LATCHKEY_)/;

/** `LD_PRELOAD`, `NODE_OPTIONS`, `PATH` and their like. */
export const loadsCode = (name: string): boolean => PREFIXES.test(name) || WHOLE.has(name);

/** Whether a credential may be called so where a job reads it: what a target answers is not the job's own code or way out. */
export const isFitForCredential = (name: string): boolean => !loadsCode(name) && !LEADS_ELSEWHERE.test(name);
