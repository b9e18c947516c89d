/** Names of environment variables by which a program is made to run other code than its own, or to talk with somebody else. */

const PREFIXES =
  /^(?:LD_|DYLD_|PYTHON|NODE_|NPM_CONFIG_|PERL|RUBY|GEM_(?:HOME|PATH)|BUNDLE_|LUA_|PHP|JAVA_|JDK_|_JAVA|CLASSPATH|MAVEN_|GRADLE_|CARGO_(?:HOME|BUILD|TARGET)|RUST(?:C|UP|FLAGS)|DOTNET_|BASH|SHELL|GCONV_PATH|GLIBC_|LOCPATH|NLSPATH|OPENSSL_|GIT_(?!TOKEN$|PASSWORD$|USERNAME$)|SSH_ASKPASS|EDITOR|VISUAL|PAGER|PSQL|PGSYSCONFDIR|PGSERVICE|LIBMYSQL_|MYSQL_HOME|MALLOC_|XDG_|COR_|CORECLR_|COMPLUS_|JULIA_|R_(?:PROFILE|ENVIRON|LIBS|HOME)|GTK_|GIO_|GDK_|QT_|TCL|AWK|GHC_|OCAML|CAML|GUILE_|KRB5|SASL_|ODBC|TNS_ADMIN|SSH_AUTH_SOCK)/;
/** Of programs whose own credentials begin alike. */
const TOOLS =
  /^(?:ZDOTDIR|ERL_|ELIXIR_|GOCACHEPROG|PIP_|UV_|TF_(?:CLI_|PLUGIN_|REATTACH_)|TERRAFORM_CONFIG|ANSIBLE_|SUDO_|RSYNC_|CVS_|SVN_|TAR_|GCC_|CMAKE_|YARN_|COMPOSER_|HELM_|DOCKER_|AWS_(?:CONFIG_FILE|SHARED_CREDENTIALS_FILE|DATA_PATH)|CLOUDSDK_(?:CONFIG|PYTHON))(?!\w*(?:TOKEN|PASSWORD|USERNAME|AUTH)$)/;
const WHOLE = new Set(
  'ENV IFS PATH PS4 PROMPT_COMMAND HOME TMPDIR MAKEFLAGS LESSOPEN LESSCLOSE GOFLAGS GOENV GOROOT GOPATH GOPROXY GOTOOLCHAIN'.split(
    ' ',
  ),
);
/** Case is no matter to proxies. What a target gives of its own server has other names: `PGHOST`, `REDIS_URL`. */
const LEADS_ELSEWHERE =
  /^(?:SSL_CERT_|CURL_|LATCHKEY_|AWS_(?:ENDPOINT_URL|EC2_METADATA_|CONTAINER_)|VAULT_(?!TOKEN$)|PG(?:HOSTADDR|OPTIONS|SSL\w*|REQUIRE\w+|GSS\w*)$)|(?:_PROXY|_CA_BUNDLE|_CACERT|_CAFILE|_CA_FILE|_ENDPOINT_URL)$/i;

/** Of any program: what it is started with, what it starts, and from where it fetches what it runs. */
const ENDINGS =
  /(?:PAGER|EDITOR|BROWSER|ASKPASS|_RSH|_SSH|_SHELL|_OPTS|_OPTIONS|FLAGS|_ARGS|PRELOAD|_STARTUP|_PLUGINS?|INDEX_URL|_REGISTRY|_MIRROR)$/;

/** `LD_PRELOAD`, `NODE_OPTIONS`, `PATH` and their like. */
export const loadsCode = (name: string): boolean =>
  PREFIXES.test(name) || WHOLE.has(name) || TOOLS.test(name) || ENDINGS.test(name);

/** Those of Latchkey's own targets that are called otherwise, and the inputs of Terraform. */
const KNOWN = /^(?:PG(?:HOST|PORT|DATABASE|USER|PASSWORD)|KUBECONFIG|TF_VAR_\w+)$/;
/** What a credential is: programs read hardly any name of this form for something else, and what is of another form is refused, known or not. */
const HOLDS =
  /^(?:[A-Z][A-Z0-9]*_)+(?:TOKEN|PASSWORD|PASSWD|PASS|PWD|SECRET|KEY|KEY_ID|USER|USERNAME|LOGIN|AUTH|HOST|PORT|URL|URI|DSN|DATABASE|DB|SCHEMA|SERVER|ADDR|ADDRESS|ENDPOINT|REGION|ACCOUNT|ID|NAME|TENANT|PROJECT|ORGANIZATION|ROLE)$|^(?:TOKEN|PASSWORD|SECRET)$/;

/** Whether a credential may be called so where a job reads it: what a target answers is not the job's own code or way out. */
export const isFitForCredential = (name: string): boolean =>
  (HOLDS.test(name) || KNOWN.test(name)) && !loadsCode(name) && !LEADS_ELSEWHERE.test(name);
