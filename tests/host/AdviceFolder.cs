using System.Diagnostics;
using System.IO.Compression;
using System.Text;

namespace ActorTrain.Host.Tests;

/// <summary>A folder of files that are wrong, and are put right as a person would.</summary>
internal sealed class AdviceFolder : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("actortrain-advice-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    public string At(params string[] parts) => Path.Combine([root, .. parts]);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    public string Rename(string from, string to)
    {
        File.Move(At(from), At(to), overwrite: true);
        return At(to);
    }

    public void Flip(string name)
    {
        var bytes = File.ReadAllBytes(At(name));
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(At(name), bytes);
    }

    public void Shell(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = root })!;
        shell.WaitToEnd();
        shell.ExitCode.ShouldBe(0, command);
    }

    public static byte[] Gzipped(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return memory.ToArray();
    }
}
