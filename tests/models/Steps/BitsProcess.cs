using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>A process in which instruction sets are forced, as if it ran on another CPU: it trains every form in a random order, each
/// twice, the second time shared out at random, and prints the bits.</summary>
public static partial class BitsProcess
{
    /// <summary>What is forced.</summary>
    /// <param name="Isa">Of the fused kernels, as <c>ak_configure</c> numbers them.</param>
    /// <param name="Portable">Whether the numerics are portable.</param>
    /// <param name="Torch">Environment that caps libtorch, MKL and oneDNN.</param>
    public sealed record Setting(int Isa, bool Portable, IReadOnlyDictionary<string, string> Torch);

    /// <summary>What the process found in force, and the bits of each form.</summary>
    public sealed record Result(
        string Kernels, string Aten, string MklProcessor, string MklReproducibility, string OneDnn,
            IReadOnlyDictionary<string, string> Bits);

    /// <summary>Arguments: the kernels' instruction set, whether the numerics are portable, the seed of order and splits.</summary>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var (isa, portable, seed) = (Number(arguments[0]), bool.Parse(arguments[1]), Number(arguments[2]));
        NativeRuntime.Configure(portable);
        if (Configure(isa) != 0)
            throw new InvalidOperationException($"This CPU lacks the instruction set {isa}.");
        var found = NativeRuntime.Describe();
        Console.WriteLine(
            $"{found.Kernels}|{found.AtenCapability}|{found.MklProcessor}|{found.MklReproducibility}|{found.OneDnnInstructions}");

        var (random, forms) = (new Random(seed), RunForm.All.ToArray());
        random.Shuffle(forms);
        foreach (var form in forms)
        {
            var split = Split.Draw(random.Next(1, 9), random.Next());
            var (alone, shared) = (form.Train(Split.One), form.Train(split));
            if (alone != shared)
            {
                Console.Error.WriteLine($"seed {seed}: {form} has other bits with {split}.");
                return 1;
            }

            Console.WriteLine($"{form}|{alone}");
        }

        return 0;
    }

    /// <summary>Runs it to its end.</summary>
    internal static Result Run(Setting setting, int seed)
    {
        var start = TestProgram.Command("bits", $"{setting.Isa}", $"{setting.Portable}", $"{seed}");
        start.RedirectStandardError = true;
        foreach (var (name, value) in setting.Torch)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string[][] lines =
            [.. process.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('|'))];
        process.WaitToEnd();
        process.ExitCode.ShouldBe(0, error.Result);
        var found = lines[0];
        return new Result(found[0], found[1], found[2], found[3], found[4],
            lines[1..].ToDictionary(static line => line[0], static line => line[1]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [LibraryImport("actortrain_kernels", EntryPoint = "ak_configure")]
    private static partial int Configure(int isa);
}
