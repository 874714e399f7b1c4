using System.Text;

namespace ActorTrain.Host.Configuration;

/// <summary>The table of all keys for people to read, made from <see cref="Settings.All"/>.</summary>
public static class SettingsHelp
{
    /// <summary>Every key with its values, default and use, then the keys that may change when a run is resumed.</summary>
    public static string Write()
    {
        var text = new StringBuilder("""
            A run file is YAML: sections, with keys below them. Every key can also be given as --set section.key=value.

              run:
                name: book
              model:
                depth: 6
              data:
                path: data/book
              training:
                steps: 2000


            """);
        var section = "";
        foreach (var setting in Settings.All)
        {
            var parts = setting.Key.Split('.');
            if (parts[0] != section)
                text.Append(section.Length == 0 ? "" : "\n").Append(section = parts[0]).Append(":\n");
            text.Append($"  {parts[1],-24} {setting.Help}\n");
            text.Append($"  {"",-24}   {setting.Kind.Expectation}; {(setting.Default is { } value ? $"default {value}" : "must be given")}\n");
        }

        text.Append("\nA run is resumed only where these keys agree with those it was started with, except for:\n");
        foreach (var group in Settings.All.Where(static setting => setting.MayChangeBecause is not null).GroupBy(static setting => setting.MayChangeBecause))
            text.Append($"  {string.Join(", ", group.Select(static setting => setting.Key))}\n      ({group.Key})\n");
        text.Append("training.steps may not change, for all steps depend on it: it is the length of the learning-rate schedule. 'actortrain pretrain --extend-to N' makes a run longer.\n");
        return text.ToString();
    }
}
