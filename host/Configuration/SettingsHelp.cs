using System.Text;

namespace ActorTrain.Host.Configuration;

/// <summary>The table of all keys as text, made from <see cref="Settings.All"/>.</summary>
public static class SettingsHelp
{
    private const string Introduction = "A run file is YAML: sections with keys below them. "
        + "Every key can also be given as --set section.key=value.";
    private const string Steps = "training.steps cannot change, because all steps depend on it: "
        + "it is the length of the learning-rate schedule. 'actortrain pretrain --extend-to N' extends a run.";

    private static IEnumerable<IGrouping<string, Setting>> Sections => Settings.All.GroupBy(static setting => setting.Section);

    /// <summary>Every key with its values, default and use, then the keys that may change on resume.</summary>
    public static string Write()
    {
        var text = new StringBuilder($"""
            {Introduction}

              run:
                name: book
              model:
                depth: 6
              data:
                path: data/book
              training:
                steps: 2000


            """);
        foreach (var section in Sections)
        {
            text.Append(section.Key).Append(":\n");
            foreach (var setting in section)
            {
                text.Append($"  {setting.Name,-24} {setting.Help}\n");
                text.Append($"  {"",-24}   {ValuesOf(setting)}; {(setting.Default is null ? "" : "default ")}{DefaultOf(setting)}\n");
            }

            text.Append('\n');
        }

        text.Append("A run resumes only with the configuration it was started with, except for:\n");
        foreach (var group in Changeable())
            text.Append($"  {string.Join(", ", group.Select(static setting => setting.Key))}\n      ({group.Key})\n");
        return text.Append(Steps).Append('\n').ToString();
    }

    public static string WriteMarkdown()
    {
        var text = new StringBuilder($"""
            # Configuration

            <!-- Written by `actortrain help config --markdown`. -->

            {Introduction}


            """);
        foreach (var section in Sections)
        {
            text.Append($"## {section.Key}\n\n| key | meaning | value | default |\n| --- | --- | --- | --- |\n");
            foreach (var setting in section)
                text.Append($"| `{setting.Key}` | {Row(setting.Help, ValuesOf(setting), DefaultOf(setting))} |\n");
            text.Append('\n');
        }

        text.Append("## What may change when a run is resumed\n\n");
        text.Append("A run resumes only with the configuration it was started with, except for:\n\n");
        foreach (var group in Changeable())
            text.Append($"- {string.Join(", ", group.Select(static setting => $"`{setting.Key}`"))}: {group.Key}.\n");
        return text.Append($"\n{Steps}\n").ToString();
    }

    private static IEnumerable<IGrouping<string, Setting>> Changeable() =>
        Settings.All.Where(static setting => setting.MayChangeBecause is not null).GroupBy(static setting => setting.MayChangeBecause!);

    private static string ValuesOf(Setting setting) =>
        setting.Unit is { } unit ? $"{setting.Kind.Expectation}, in {unit}" : setting.Kind.Expectation;

    private static string DefaultOf(Setting setting) => setting.Default switch
    {
        null => "required",
        "" => "none",
        var value => value,
    };

    private static string Row(params string[] cells) =>
        string.Join(" | ", cells.Select(static text => text.Replace("|", "\\|", StringComparison.Ordinal)));
}
