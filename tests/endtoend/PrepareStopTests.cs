using System.Diagnostics;
using System.IO.Compression;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>A signal ends <c>prepare</c> in the middle of a read of practically endless input, and nothing is left behind.</summary>
[Collection(nameof(RealRun))]
public sealed class PrepareStopTests(RealRun real)
{
    [Theory]
    [InlineData("blank.jsonl.gz", "TERM")]
    [InlineData("blank.jsonl.gz", "INT")]
    [InlineData("blank.jsonl.gz", "TERM", "--held-out", "0")]
    [InlineData("zeros.txt.gz", "TERM")]
    [InlineData("zeros.txt.gz", "TERM", "--held-out", "0")]
    public void The_first_signal_ends_an_endless_read(string endless, string signal, params string[] more)
    {
        Directory.CreateDirectory(real.At("endless"));
        File.WriteAllText(real.At("endless", "text.txt"), string.Concat(Enumerable.Repeat("some words of text\n", 400_000)));
        WriteEndless(endless);
        var before = Entries();
        using var prepare = real.Start(["prepare", "--input", "endless/text.txt", $"endless/{endless}", "--output", "endless/out/below",
            "--tokenizer", "bytes", .. more]);

        // The text is read; what comes next has no end.
        prepare.ReadLine().ShouldNotBeNull().ShouldContain("%");
        Process.Start("kill", [$"-{signal}", $"{prepare.Id}"])!.WaitToEnd();
        var outcome = Outcome.Of(prepare);
        outcome.ExitCode.ShouldBe(130, outcome.Output + outcome.Error);
        Entries().ShouldBe(before);
    }

    /// <summary>Blank lines for minutes, or zeros for hours.</summary>
    private void WriteEndless(string name)
    {
        using var file = File.Create(real.At("endless", name));
        if (name.StartsWith("zeros", StringComparison.Ordinal))
        {
            file.Write(Gzipped("text"u8.ToArray()));
            file.SetLength(8L << 40);
            return;
        }

        var lines = new byte[1 << 24];
        lines.AsSpan().Fill((byte)'\n');
        var member = Gzipped(lines);
        for (var i = 0; i < 4000; i++)
            file.Write(member);
    }

    private static byte[] Gzipped(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return memory.ToArray();
    }

    private string[] Entries() =>
        [.. Directory.EnumerateFileSystemEntries(real.At("endless"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
