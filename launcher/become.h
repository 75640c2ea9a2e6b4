/* Where the executable is setuid: become what it is installed as, wholly, and leave behind what is the caller's. */
#ifndef BECOME_H
#define BECOME_H

#include "text.h"

/* What a caller may hand to somebody he is not: the call, as the specification has it, and who traces it. */
static const char *const KEPT[] = {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS",  "CNI_IFNAME",
                                   "CNI_ARGS",    "TRACEPARENT",     "TRACESTATE", "BAGGAGE"};
enum { KEPT_COUNT = sizeof KEPT / sizeof *KEPT };
static char SYSTEM_PATH[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

static int is_setuid(const uintptr_t *auxiliary)
{
    for (; auxiliary[0] != AT_NULL; auxiliary += 2)
        if (auxiliary[0] == AT_SECURE)
            return auxiliary[1] != 0;
    return 0;
}

static int restore_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (ask(__NR_fcntl, fd, F_GETFD, 0, 0) == -EBADF)
            if (ask(__NR_openat, AT_FDCWD, (long)"/dev/null", O_RDWR, 0) != fd)
                return 0;
    return 1;
}

static void restore_signals(void)
{
    const struct action usual = {SIG_DFL, {0}};
    const uint64_t none = 0;
    for (int number = 1; number <= LAST_SIGNAL; number++)
        ask(__NR_rt_sigaction, number, (long)&usual, 0, SIGNAL_SET);
    ask(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, SIGNAL_SET);
}

/* Whether it worked. Root's group is root's own: that of the caller would own what the plugin writes. */
static int become_effective(void)
{
    long user = ask(__NR_geteuid, 0, 0, 0, 0), group = user ? ask(__NR_getegid, 0, 0, 0, 0) : 0;
    if (!restore_streams())
        return 0;
    restore_signals();
    ask(__NR_umask, 022, 0, 0, 0);
    return !ask(__NR_setgroups, 0, 0, 0, 0) && !ask(__NR_setresgid, group, group, group, 0) &&
           !ask(__NR_setresuid, user, user, user, 0);
}

/* The environment of the plugin. */
static char **clean(char **environ, const char *own_folder)
{
    static char *kept[KEPT_COUNT + 3]; /* the last is NULL */
    size_t count = 0;
    for (size_t n = 0; n < KEPT_COUNT; n++)
        if ((kept[count] = find_variable(environ, KEPT[n])))
            count++;
    kept[count++] = SYSTEM_PATH;
    kept[count] = join("CNI_PATH=", own_folder, "", "");
    return kept;
}

#endif
