using System.Text.RegularExpressions;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Training;

namespace ActorTrain.Host.Tests;

/// <summary>The advice against a batch that has a sample twice.</summary>
public sealed partial class RepetitionAdviceTests : IDisposable
{
    private readonly AdviceFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(8, 4, 40, 4)]
    [InlineData(8, 8, 40, 8)]
    [InlineData(64, 8, 30, 1)]
    [InlineData(1000, 8, 30, 4)]
    [InlineData(64, 8, 40, 1, 4)]
    [InlineData(128, 8, 400, 4, 4)]
    [InlineData(64, 8, 30, 1, 8)]
    public void A_batch_larger_than_the_data_is_warned_of_and_the_advice_ends_it(int batch, int lanes, int bytes, int context,
        int microBatch = 0)
    {
        folder.Write("few.txt", new string('x', bytes * 10));
        CommandLine.Run(["prepare", "--input", folder.At("few.txt"), "--output", folder.At("few"), "--tokenizer", "bytes", "--held-out", "0"],
            AllCommands.Define(), new CommandContext(TextWriter.Null, TextWriter.Null, false, TimeProvider.System))
            .ShouldBe(ExitCode.Success);
        using var data = TokenStore.Open(folder.At("few"));
        string? Warning(params string[] changed)
        {
            string[] settings = ["run.name=few", $"data.path={folder.At("few")}", $"training.batch={batch}", $"training.lanes={lanes}",
                $"model.context={context * bytes}", .. microBatch > 0 ? new[] { $"training.micro_batch={microBatch}" } : []];
            var configuration = RunFile.Read(
                null, [.. settings.ExceptBy(changed.Select(KeyOf), KeyOf), .. changed]);
            var length = configuration.Model.ContextLength;
            return Repetition.Within(data, data.Train.SampleCount(length), configuration.Training, length);
        }

        static string KeyOf(string setting) => setting.Split('=')[0];

        var warning = Warning("run.name=few").ShouldNotBeNull();
        var advised = Setting().Matches(warning.Split(", or ")[0]).Select(static match => match.Value).ToArray();
        if (advised.Length > 0)
            Warning(advised).ShouldBeNull();
        else
            data.Train.Tokens.ShouldBeLessThanOrEqualTo(batch);
    }

    [GeneratedRegex(@"(training\.(micro_)?batch|model\.context)=\d+")]
    private static partial Regex Setting();
}
