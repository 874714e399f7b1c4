using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace ActorTrain.Tests.Databases;

/// <summary>A real PostgreSQL server on a free port of the loopback address, with its data in a temporary folder. All tests of a process
/// share one; a test that takes it down has its own.</summary>
/// <remarks>A shell watches over it: when this process ends, however it ends, the shell's input ends; then it stops the server and removes
/// the folder.</remarks>
public sealed class PostgresServer : IDisposable
{
    // $1: the folder of the server's programs, $2: the port, $3: the address. What it says ends with a line "ready" and the folder, or
    // "failed".
    private const string Watch = """
        folder=$(mktemp -d "${TMPDIR:-/tmp}/actortrain-postgres-XXXXXX") && cd "$folder"
        trap 'cd /; rm -rf "$folder"' EXIT
        options="-p $2 -c listen_addresses=$3 -c unix_socket_directories=$folder"
        options="$options -c fsync=off -c full_page_writes=off -c shared_buffers=32MB"
        if "$1/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync </dev/null >log 2>&1 &&
            echo "host all all samenet trust" >>data/pg_hba.conf &&
            "$1/pg_ctl" --pgdata=data --log=server-log --options="$options" --wait start </dev/null >>log 2>&1
        then
            echo "ready $folder"
            while read -r order
            do
                case $order in
                    crash) "$1/pg_ctl" --pgdata=data --mode=immediate --wait stop ;;
                    start) "$1/pg_ctl" --pgdata=data --log=server-log --options="$options" --wait start ;;
                    pause) kill -STOP $(pgrep -P "$(head -n 1 data/postmaster.pid)") "$(head -n 1 data/postmaster.pid)" ;;
                    resume) kill -CONT $(pgrep -P "$(head -n 1 data/postmaster.pid)") "$(head -n 1 data/postmaster.pid)" ;;
                esac </dev/null >>log 2>&1
                echo "$order $?"
            done
            "$1/pg_ctl" --pgdata=data --mode=immediate --wait stop >/dev/null 2>&1
        else
            cat log server-log 2>/dev/null
            echo failed
        fi
        """;

    private static readonly Lazy<PostgresServer> TheOne = new(static () => Start());
    private static int databases;
    private readonly string address;
    private readonly int port;
    private readonly string folder;

    private PostgresServer(Process watch, string address, int port, string folder)
    {
        Watcher = watch;
        (this.address, this.port, this.folder) = (address, port, folder);
    }

    /// <summary>The server, started with the first use.</summary>
    public static PostgresServer Shared => TheOne.Value;

    /// <summary>A server that no other test knows, to be taken down at will.</summary>
    public static PostgresServer StartOwn() => Start();

    /// <summary>A server on a host of a network.</summary>
    /// <param name="prefix">What starts a program there, before its name and arguments.</param>
    /// <param name="address">Of the host.</param>
    public static PostgresServer StartOn(string[] prefix, string address) => Start(prefix, address);

    /// <summary>Ends all its processes at once, as a power cut would; returns when they are gone.</summary>
    public void Crash() => Order("crash");

    /// <summary>Starts it again after a crash; returns when it takes connections.</summary>
    public void StartAgain() => Order("start");

    /// <summary>Has all its processes stand still: connections stay open, and nobody answers.</summary>
    public void Pause() => Order("pause");

    /// <summary>Lets them continue.</summary>
    public void Resume() => Order("resume");

    /// <inheritdoc/>
    public void Dispose()
    {
        Watcher.StandardInput.Close();
        Watcher.WaitToEnd();
        Watcher.Dispose();
    }

    /// <summary>Held so that its input stays open as long as this process lives.</summary>
    private Process Watcher { get; }

    /// <summary>Creates an empty database and gives the connection string to it.</summary>
    public string NewDatabase()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        using var connection = new NpgsqlConnection(LocalConnection("postgres"));
        connection.Open();
        using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        command.ExecuteNonQuery();
        return Connection(address, name);
    }

    /// <summary>A connection to the same database that needs no network, from this machine.</summary>
    public string Local(string connection) => LocalConnection(new NpgsqlConnectionStringBuilder(connection).Database!);

    private void Order(string what)
    {
        Watcher.StandardInput.WriteLine(what);
        Watcher.StandardInput.Flush();
        if (Watcher.ReadLine() is var answer && answer != what + " 0")
            throw new InvalidOperationException($"The PostgreSQL server was told to {what}, and says: {answer}");
    }

    private string LocalConnection(string database) => Connection(folder, database);

    private string Connection(string host, string database) => $"Host={host};Port={port};Username=postgres;Database={database}";

    private static PostgresServer Start(string[]? prefix = null, string address = "127.0.0.1")
    {
        var programs = Programs() ?? throw new InvalidOperationException(
            "PostgreSQL is missing: these tests start a server of their own; install the Debian package postgresql.");

        // Between the look for a free port and its use another process may take it: then the next one is tried.
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var watch = Process.Start(Shell(prefix ?? [], programs, address, port))!;
            var said = new List<string>();
            while (watch.ReadLine() is { } line)
            {
                if (line.StartsWith("ready ", StringComparison.Ordinal))
                    return new PostgresServer(watch, address, port, line["ready ".Length..]);
                said.Add(line);
            }

            watch.Dispose();
            if (attempt == 3)
                throw new InvalidOperationException("PostgreSQL does not start: " + string.Join(" ", said));
        }
    }

    // The server refuses to run as root.
    private static ProcessStartInfo Shell(string[] prefix, string programs, string address, int port)
    {
        string[] user = Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : [];
        string[] command = [.. prefix, .. user, "sh", "-c", Watch, "sh", programs, $"{port}", address];
        return new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["LC_ALL"] = "C" },
        };
    }

    private static string? Programs()
    {
        const string installed = "/usr/lib/postgresql";
        return Directory.Exists(installed)
            ? Directory.GetDirectories(installed)
                .Where(static folder => File.Exists(Path.Combine(folder, "bin", "initdb")))
                .OrderByDescending(static folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
                .Select(static folder => Path.Combine(folder, "bin"))
                .FirstOrDefault()
            : null;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
