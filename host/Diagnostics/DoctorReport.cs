using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Host.Cli;
using Spectre.Console;

namespace ActorTrain.Host.Diagnostics;

public enum FindingState
{
    Good,

    /// <summary>It works, but slower, with less than possible, or not through every fault.</summary>
    Warning,

    Bad,
}

/// <param name="Found">With version and place.</param>
/// <param name="Fix">What to do if it is not good.</param>
public sealed record Finding(string Name, string Found, FindingState State, string? Fix = null);

public sealed record Chosen(string Name, string Value, string Reason);

/// <summary>A measured rate of matrix products.</summary>
/// <param name="Kind">Precision and library, such as <c>bfloat16, oneDNN</c>.</param>
/// <param name="Shape">The product, such as <c>2048 × 384 × 1536</c>.</param>
/// <param name="GigaFlopsPerSecond">10⁹ floating-point operations per second, two per multiply-add.</param>
public sealed record GemmRate(string Kind, string Shape, double GigaFlopsPerSecond);

public sealed record DoctorReport(IReadOnlyList<Finding> Found, IReadOnlyList<Chosen> Choices, IReadOnlyList<GemmRate> Rates)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public bool Works => Found.All(static finding => finding.State != FindingState.Bad);

    /// <summary>Prints the report as tables or as one JSON object.</summary>
    /// <returns>0, or 1 if training does not work.</returns>
    public int Write(bool json, CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (json)
            context.Output.WriteLine(JsonSerializer.Serialize(this, Json));
        else
            WriteTables(context);
        return Works ? ExitCode.Success : ExitCode.Failure;
    }

    private void WriteTables(CommandContext context)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(context.Output),
            Ansi = context.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = context.IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });

        // A pipe has no width, so lines are not wrapped.
        if (!context.IsTerminal)
            console.Profile.Width = 400;

        var found = Table("check", "", "");
        foreach (var finding in Found)
        {
            var (sign, color) = finding.State switch
            {
                FindingState.Good => ("ok", Color.Green),
                FindingState.Warning => ("warning", Color.Yellow),
                _ => ("bad", Color.Red),
            };
            found.AddRow(new Text(finding.Name), new Text(sign, new Style(color)), new Text(finding.Fix is null ? finding.Found :
                $"{finding.Found}: {finding.Fix}"));
        }

        var chosen = Table("choice", "", "reason");
        foreach (var choice in Choices)
            chosen.AddRow(new Text(choice.Name), new Text(choice.Value, new Style(Color.Blue)), new Text(choice.Reason));

        var rates = Table("matrix multiplication", "shape", "GFLOP/s");
        rates.Columns[2].RightAligned();
        foreach (var rate in Rates)
            rates.AddRow(new Text(rate.Kind), new Text(rate.Shape),
                new Text(rate.GigaFlopsPerSecond.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)));

        foreach (var table in new[] { found, chosen, rates })
        {
            if (table.Rows.Count > 0)
                console.Write(table);
        }

        console.WriteLine(Works ? "Ready to train." : "Not ready to train: fix the failed checks above.");
    }

    private static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns)
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))));
        return table;
    }
}
