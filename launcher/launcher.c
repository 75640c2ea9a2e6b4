/* The executable that stands for every plugin: it answers VERSION itself, and has the one-shot interpreter do the rest.
 *
 * One content under all names; which plugin was called is the last part of argv[0]. What it must know is in the file
 * itself, in a block that poplin/cli/launcher.py fills in: neither the environment nor the working directory has a say,
 * and no file is asked. Where it is installed setuid it becomes what it is installed as, wholly, and keeps nothing of
 * its caller's but the call.
 */
#include "become.h"

enum { ROOM = 16384, MOST_WORDS = 12 };

/* Strings, each with its NUL; a list ends with an empty one. In this order: the words of the command that runs Python,
 * the folder with the programs of the plugins, what their names end with, the folder of this executable, the plugins,
 * the reply to VERSION. A path that begins neither with `/` nor with `-` is below the folder above the one we are in,
 * so that a whole tree can be moved. Not const, or the compiler would take it for empty. */
struct {
    char mark[32];
    char text[ROOM];
} settings = {"poplin launcher settings", ""};

#define INSTALL "run `poplin install` again"
#define SETUID "it is setuid in a way that `poplin install --setuid-group` does not make it"

struct setup {
    const char *command, *folder, *suffix, *own_folder, *plugins, *reply;
};

/* Answers. */

static int answer(const char *text, size_t left)
{
    const struct action ignored = {SIG_IGN, {0}}; /* a reader who has gone is an error like any other */
    ask(__NR_rt_sigaction, SIGPIPE, (long)&ignored, 0, SIGNAL_SET);
    while (left) {
        long written = ask(__NR_write, 1, (long)text, (long)left, 0);
        if (written < 0 && written != -EINTR)
            return 1;
        text += written < 0 ? 0 : written;
        left -= written < 0 ? 0 : (size_t)written;
    }
    return 0;
}

/* The error object: what is wrong, with which thing, and what to do. */
static int refuse(const char *code, const char *what, const char *which, const char *advice)
{
    const char *text = made + used;
    add("{\n    \"code\": "), add(code), add(",\n    \"msg\": \""), add(what), add(" '"), add_quoted(which);
    add("'\",\n    \"details\": \""), add_quoted(advice), add("\"\n}");
    answer(text, (size_t)(made + used - text));
    return 1;
}

static int refuse_name(const char *name, const char *plugins)
{
    char *known = made + used;
    for (add("the plugins are"); *plugins; plugins = skip(plugins))
        add(" "), add(plugins);
    made[used++] = 0;
    return refuse("4", "this executable is no plugin under the name", name, known);
}

static const char *advise(long error)
{
    switch (-error) {
    case ENOENT: return "there is no such file; " INSTALL;
    case EACCES: return "permission denied; " INSTALL;
    case ENOEXEC: return "it is of another kind of machine; " INSTALL;
    case E2BIG: return "environment and arguments are too large";
    default: return INSTALL;
    }
}

/* Handing over. */

/* The path from the root; NULL if that cannot be told. */
static const char *locate(const char *path)
{
    if (*path == '/' || *path == '-')
        return path;
    char *text = made + used;
    long size = ask(__NR_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)text, SPARE - 1);
    if (size <= 0)
        return NULL;
    for (int parts = 0; size > 0 && parts < 2;)
        parts += text[--size] == '/';
    used += (size_t)size;
    join("/", path, "", "");
    return text;
}

static int run_python(const struct setup *setup, const char *name, char **argv, char **environ)
{
    size_t words = 0, count = 0;
    while (argv[words])
        words++;
    const char *command[MOST_WORDS + words], *word = setup->command, *folder = locate(setup->folder);
    for (; *word && count < MOST_WORDS - 2; word = skip(word))
        if (!(command[count++] = locate(word)))
            folder = NULL;
    if (!folder)
        return refuse("5", "cannot tell in which folder is", name, "mount /proc");
    const char *program = command[count++] = join(folder, "/", name, setup->suffix);
    for (size_t n = 1; n < words; n++)
        command[count++] = argv[n];
    command[count] = NULL;
    long error = ask(__NR_openat, AT_FDCWD, (long)program, O_RDONLY | O_CLOEXEC, 0);
    if (error < 0) /* Python would tell of that too, but not in JSON */
        return refuse("5", "cannot read", program, advise(error));
    error = ask(__NR_execve, (long)command[0], (long)command, (long)environ, 0);
    return refuse("5", "cannot execute", command[0], advise(error));
}

/* The whole of it. */

static struct setup read_settings(const char *command)
{
    const char *folder = skip_list(command), *suffix = skip(folder), *own = skip(suffix), *plugins = skip(own);
    return (struct setup){command, folder, suffix, own, plugins, skip_list(plugins)};
}

static int is_listed(const char *list, const char *name)
{
    while (*list && !is_equal(list, name))
        list = skip(list);
    return *list != 0;
}

int start(char **argv, char **environ, const uintptr_t *auxiliary)
{
    const struct setup setup = read_settings(settings.text);
    const char *name = last_part(*argv ? *argv : ""), *verb;
    if (is_setuid(auxiliary)) {
        if (*setup.command != '/' || !become_effective())
            return refuse("999", "cannot become the owner of", name, SETUID);
        environ = clean(environ, setup.own_folder);
        argv[*argv ? 1 : 0] = NULL;
    }
    if (!*setup.command)
        return refuse("999", "this executable was only compiled:", name, INSTALL);
    if (!is_listed(setup.plugins, name))
        return refuse_name(name, setup.plugins);
    verb = find_variable(environ, "CNI_COMMAND");
    if (verb && *setup.reply && is_equal("CNI_COMMAND=VERSION", verb))
        return answer(setup.reply, length(setup.reply));
    return run_python(&setup, name, argv, environ);
}
