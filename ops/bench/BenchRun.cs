using System.Diagnostics;
using System.Text;

namespace ActorTrain.Bench;

/// <summary>Runs of the program itself, in processes of their own, on a made-up text.</summary>
internal static class BenchRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static IEnumerable<string> Set(params string[] settings) => settings.SelectMany(static setting => new[] { "--set", setting });

    /// <summary>Writes token data to <c>data</c> in a folder.</summary>
    public static void Prepare(string folder)
    {
        var words = "the of and that his with for was not had are but from have they which one were all her she there would".Split(' ');
        var (random, text) = (new Random(2), new StringBuilder());
        while (text.Length < 1_000_000)
            text.Append(words[random.Next(words.Length)]).Append(random.Next(12) == 0 ? ".\n" : " ");
        File.WriteAllText(Path.Combine(folder, "text.txt"), text.ToString());
        using var prepare = Start(folder, ["prepare", "--input", "text.txt", "--output", "data", "--vocabulary-size", "400"]);
        prepare.BeginOutputReadLine();
        AwaitEnd(prepare, "prepare", Patience);
    }

    /// <summary>Starts a command; its output must be read.</summary>
    public static Process Start(string folder, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "actortrain.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
        })!;

    /// <summary>Waits until a command has succeeded.</summary>
    /// <exception cref="TimeoutException">It takes too long, and was killed.</exception>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static void AwaitEnd(Process process, string command, TimeSpan patience)
    {
        if (!process.WaitForExit(patience))
        {
            process.Kill();
            throw new TimeoutException($"`actortrain {command}` took more than {patience.TotalMinutes:F0} minutes and was killed.");
        }

        if (process.ExitCode != 0)
            throw new InvalidOperationException($"`actortrain {command}` ended with {process.ExitCode}.");
    }
}
