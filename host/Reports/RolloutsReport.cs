using System.Globalization;
using System.Text;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Rollouts;
using ActorTrain.Models;

namespace ActorTrain.Host.Reports;

internal static class RolloutsReport
{
    public static void Write(RolloutsDocument document, TextWriter output)
    {
        var summary = document.Summary;
        output.WriteLine($"{document.Run}, step {document.Step}: {summary.Rollouts} rollouts, sampled by the weights after "
            + $"{Plural.Of(document.SampledBy, "update")} (state {document.Weights})");
        output.WriteLine($"reward {Figures.Reward(summary, document.Parts)}, {Figures.OfCompletions(summary)}"
            + $"{(summary.Unscored > 0 ? $", unscored {summary.Unscored}" : "")}");
        foreach (var prompt in document.Prompts)
        {
            output.WriteLine();
            output.WriteLine($"position {prompt.Position}: {OnOneLine(prompt.Prompt)}");
            Write(document.Parts, prompt.Answers, output);
        }
    }

    private static void Write(IReadOnlyList<string> parts, IReadOnlyList<AnswerDocument> answers, TextWriter output)
    {
        var hasReference = answers.Any(static answer => answer.Divergence is not null);
        List<string[]> lines =
        [
            [
                "sample", "reward", .. parts.Count > 1 ? parts : [], "advantage", "tokens", "ended",
                .. hasReference ? ["KL"] : Array.Empty<string>(), "answer",
            ],
            .. answers.Select(answer => (string[])
            [
                answer.Sample.ToString(CultureInfo.InvariantCulture), Number(answer.Reward),
                .. parts.Count > 1 ? answer.Parts.Select(Number) : [], Number(answer.Advantage),
                answer.Tokens.ToString(CultureInfo.InvariantCulture), answer.Ended ? "yes" : "no",
                .. hasReference ? [Number(answer.Divergence)] : Array.Empty<string>(), OnOneLine(answer.Answer),
            ]),
        ];
        var widths = Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length)).ToList();
        foreach (var line in lines)
            output.WriteLine($"  {string.Join("  ", line[..^1].Select((cell, column) => cell.PadLeft(widths[column])))}  {line[^1]}");
    }

    private static string Number(double? value) => value is { } number ? Figures.Short(number) : "-";

    // Line ends and other control characters as in a string of C.
    private static string OnOneLine(string text)
    {
        var line = new StringBuilder();
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => line.Append("\\n"),
                '\t' => line.Append("\\t"),
                '\r' => line.Append("\\r"),
                _ when char.IsControl(character) => line.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => line.Append(character),
            };
        }

        return line.ToString();
    }
}
