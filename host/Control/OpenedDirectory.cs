using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Host.Control;

/// <summary>A directory held open, so that its entries have short names: the address of a socket may have 107 bytes, a path
/// 4,095.</summary>
internal sealed partial class OpenedDirectory : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int ReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC (O_RDONLY is 0)

    public OpenedDirectory()
        : base(ownsHandle: true)
    {
    }

    /// <exception cref="Win32Exception">It does not exist, or may not be entered.</exception>
    public static OpenedDirectory Open(string path)
    {
        var opened = new OpenedDirectory();
        var descriptor = OpenAt(path, ReadOnlyDirectory);
        if (descriptor < 0)
        {
            opened.Dispose();
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        opened.SetHandle(descriptor);
        return opened;
    }

    /// <summary>The short name of an entry, valid while this is open.</summary>
    public string NameOf(string entry) => $"/proc/self/fd/{handle}/{entry}";

    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenAt(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
