#nullable enable
using System.Reflection;
using System.Runtime.InteropServices;

namespace Akka.Persistence.Sql.Storage;

/// <summary>Binds the SQLite of the operating system, once per process.</summary>
internal static class SqliteLibrary
{
    private static readonly Lazy<bool> Bound = new(Bind);

    /// <summary>Call before the first connection.</summary>
    public static void EnsureBound() => _ = Bound.Value;

    private static bool Bind()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLitePCL.SQLite3Provider_e_sqlite3).Assembly, Resolve);
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_e_sqlite3());
        return true;
    }

    // Packages ship the library as e_sqlite3; Debian installs it under its own name.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "e_sqlite3")
            return 0;
        string[] candidates = ["libsqlite3.so.0", "libsqlite3.so", "e_sqlite3"];
        foreach (var candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var handle))
                return handle;
        }

        throw new DllNotFoundException("SQLite is missing; install the Debian package libsqlite3-0.");
    }
}
