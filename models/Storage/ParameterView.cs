namespace ActorTrain.Models.Storage;

/// <summary>The parameters of one of several models in a flat vector, by the names that they have in a model of its own.</summary>
/// <param name="prefix">Of their names in the vector; empty for the first model.</param>
internal sealed class ParameterView(FlatParameters parameters, string prefix)
{
    /// <exception cref="KeyNotFoundException">There is none of that name.</exception>
    public ParameterSlot this[string name] => parameters[prefix + name];
}
