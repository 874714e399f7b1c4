using System.Runtime.InteropServices;

namespace ActorTrain.Host.Hosting;

/// <summary>Ends this process at once, or with another.</summary>
internal static partial class ProcessEnd
{
    private const int ParentDeathSignal = 1; // PR_SET_PDEATHSIG
    private const int Kill = 9;

    /// <summary>Ends it with an exit code. A normal exit runs destructors of native libraries while other threads compute in
    /// them.</summary>
    public static void Now(int code) => ExitNow(code);

    /// <summary>Lets the process end with the one that started it, however that ends, even if this one is stopped: the parent holds the
    /// other end of the standard input, and never writes to it.</summary>
    /// <remarks>The thread of the parent that started it must live as long as it does.</remarks>
    public static void WithParent()
    {
        _ = Control(ParentDeathSignal, Kill, 0, 0, 0);
        new Thread(AwaitEndOfInput) { IsBackground = true, Name = "parent" }.Start();
    }

    private static void AwaitEndOfInput()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> nothing = stackalloc byte[16];
        while (input.Read(nothing) > 0)
        {
        }

        ExitNow(0);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint second, nuint third, nuint fourth, nuint fifth);
}
