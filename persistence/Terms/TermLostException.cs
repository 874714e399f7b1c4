using ActorTrain.Models;

namespace ActorTrain.Persistence.Terms;

/// <summary>Another process leads the run. The sentence says which; this process ends without saving.</summary>
public sealed class TermLostException(string sentence) : UserErrorException(sentence);
